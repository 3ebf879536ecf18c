const { existsSync } = require("fs")
const { join } = require("path")
const { defineConfig } = require("@medusajs/framework/utils")

const withIndexEngine = process.env.MEDUSA_FF_INDEX_ENGINE === "true"
const withRoles = process.env.MEDUSA_FF_RBAC === "true"
const hasTranslations = existsSync(join(__dirname, "node_modules/@medusajs/translation"))
const withTranslations = hasTranslations && process.env.MEDUSA_FF_TRANSLATION !== "false"
const redisUrl = process.env.REDIS_URL
const bucketUrl = process.env.BUCKET_URL

const redis = (resolve, id) => ({ resolve, id, is_default: true, options: { redisUrl } })
const redisModules = [
  { resolve: "@medusajs/medusa/workflow-engine-redis", options: { redis: { redisUrl } } },
  { resolve: "@medusajs/medusa/event-bus-redis", options: { redisUrl } },
  { resolve: "@medusajs/medusa/caching", options: { providers: [redis("@medusajs/medusa/caching-redis", "caching-redis")] } },
  { resolve: "@medusajs/medusa/locking", options: { providers: [redis("@medusajs/medusa/locking-redis", "locking-redis")] } },
]

const s3 = {
  resolve: "@medusajs/medusa/file-s3",
  id: "s3",
  options: {
    endpoint: bucketUrl && new URL(bucketUrl).origin,
    bucket: bucketUrl && new URL(bucketUrl).pathname.slice(1),
    file_url: bucketUrl,
    prefix: "images/",
    region: "us-east-1",
    access_key_id: "any",
    secret_access_key: "any",
    additional_client_config: { forcePathStyle: true },
  },
}

module.exports = defineConfig({
  admin: { disable: process.env.ADMIN !== "true" },
  featureFlags: { index_engine: withIndexEngine, caching: Boolean(redisUrl), rbac: withRoles, translation: withTranslations },
  modules: [
    ...(withIndexEngine ? [{ resolve: "@medusajs/index" }] : []),
    ...(withRoles ? [{ resolve: "@medusajs/medusa/rbac" }] : []),
    ...(withTranslations ? [{ resolve: "@medusajs/medusa/translation" }] : []),
    ...(redisUrl ? redisModules : []),
    ...(bucketUrl ? [{ resolve: "@medusajs/medusa/file", options: { providers: [s3] } }] : []),
  ],
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    redisUrl,
    cookieOptions: { secure: false, sameSite: "lax" }, // the admin is used without TLS
    http: {
      adminCors: "http://localhost",
      authCors: "http://localhost",
      storeCors: "http://localhost",
      jwtSecret: "only-for-tests",
      cookieSecret: "only-for-tests",
    },
  },
})
