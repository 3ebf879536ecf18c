const { defineConfig } = require("@medusajs/framework/utils")

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    http: {
      adminCors: "http://localhost",
      authCors: "http://localhost",
      storeCors: "http://localhost",
      jwtSecret: "of a throw-away store",
      cookieSecret: "of a throw-away store",
    },
  },
})
