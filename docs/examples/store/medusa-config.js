const { defineConfig } = require("@medusajs/framework/utils")

const { DATABASE_URL, REDIS_URL, JWT_SECRET, COOKIE_SECRET } = process.env
const origin = "http://localhost:9000"

module.exports = defineConfig({
  modules: [
    { resolve: "@medusajs/medusa/workflow-engine-redis", options: { redis: { redisUrl: REDIS_URL } } },
    { resolve: "@medusajs/medusa/event-bus-redis", options: { redisUrl: REDIS_URL } },
  ],
  projectConfig: {
    databaseUrl: DATABASE_URL,
    databaseDriverOptions: { ssl: false },
    redisUrl: REDIS_URL,
    cookieOptions: { secure: false, sameSite: "lax" }, // the admin is used without TLS
    http: { adminCors: origin, authCors: origin, storeCors: origin, jwtSecret: JWT_SECRET, cookieSecret: COOKIE_SECRET },
  },
})
