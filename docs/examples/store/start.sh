set -e
npx medusa db:migrate
npx medusa user --email "$ADMIN_EMAIL" --password "$ADMIN_PASSWORD" || echo "the user exists already"
exec npx medusa start
