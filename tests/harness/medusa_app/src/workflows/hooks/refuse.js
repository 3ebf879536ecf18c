// Handlers that a store may have of its own: they refuse variants with a certain title, after the last step.
const { createProductVariantsWorkflow, updateProductVariantsWorkflow } = require("@medusajs/core-flows")

const refuse = async ({ product_variants: variants }) => {
  if (variants.some((variant) => variant.title === "Refused by a handler")) {
    throw new Error("a handler of the store refuses this title")
  }
}

createProductVariantsWorkflow.hooks.productVariantsCreated(refuse)
updateProductVariantsWorkflow.hooks.productVariantsUpdated(refuse)
