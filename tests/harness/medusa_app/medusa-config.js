const { defineConfig } = require("@medusajs/framework/utils")

const withIndexEngine = process.env.MEDUSA_FF_INDEX_ENGINE === "true"

module.exports = defineConfig({
  admin: { disable: true },
  featureFlags: { index_engine: withIndexEngine },
  modules: withIndexEngine ? [{ resolve: "@medusajs/index" }] : [],
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    http: {
      adminCors: "http://localhost",
      authCors: "http://localhost",
      storeCors: "http://localhost",
      jwtSecret: "only-for-tests",
      cookieSecret: "only-for-tests",
    },
  },
})
