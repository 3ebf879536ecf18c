// Counts for /harness/updated.
module.exports = {
  default: async ({ event }) => {
    global.updatedProducts = (global.updatedProducts ?? 0) + [event.data].flat().length
  },
  config: { event: "product.updated" },
}
