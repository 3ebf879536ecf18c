# Items of the API of Business Central: /api/v2.0/companies(...)/items, also with ?$expand=itemVariants. They
# are in a member `value`, so for its answers use --source-map business-central --source-format json.
if has("value") then .value[] else . end
| {
    id: ((.id | filled) // .number),
    title: .displayName,
    status: (if .blocked == true then "draft" elif .blocked == false then "active" else null end),
    categories: [.itemCategoryCode | filled | [.]],
    price: .unitPrice,
    sku: .number,
    meta: {barcode: .gtin},
    stock: (if (.type // "Inventory") == "Inventory" then .inventory | count else null end),
    variants: (if (.itemVariants // []) == [] then null else
      [.itemVariants[] | {id: .code, options: {Variant: ((.description | filled) // .code)}}] end)
  }
| shown
