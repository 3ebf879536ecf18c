# The XML of Heureka and others: a SHOPITEM is a variant, and those with the same ITEMGROUP_ID are a product.
# Prices have no currency, so they are in that of --currency.

((.ITEMGROUP_ID | filled) // null) as $group
| [.PARAM | list | {key: .PARAM_NAME, value: .VAL}] as $params
| [$params[] | select($group and (.key | test("barva|farba|velikost|veľkosť|objem|size|colou?r"; "i")))]
  as $options
| {
    id: ($group // .ITEM_ID),
    title: ((.PRODUCTNAME | filled) // .PRODUCT),
    description: .DESCRIPTION,
    brand: .MANUFACTURER,
    categories: [first(.CATEGORYTEXT | list) | split(" *[|] *"; null)
      | map(filled | select(test("^heureka[.]"; "i") | not))],
    images: [(.IMGURL, .IMGURL_ALTERNATIVE) | list],
    metadata: (($params - $options | from_entries) + {PRODUCTNO: (.PRODUCTNO // "")} | map_values(filled)),
    variants: [{
      id: .ITEM_ID,
      sku: .ITEM_ID,
      barcode: ((.EAN | filled) // .ISBN),
      price: ((.PRICE_VAT | spaced) // null),
      options: (if $group and $options == [] then {Item: .ITEM_ID} else $options | from_entries end)
    }]
  }
