# The XML of Heureka and others: a SHOPITEM is a variant, and those with the same ITEMGROUP_ID are a product.
# A price is in its CURRENCY, which some feeds have, or else in that of --currency.
# group: (.ITEMGROUP_ID | filled) // .ITEM_ID

(length > 1) as $is_group
| .[]
| ((.ITEMGROUP_ID | filled) // .ITEM_ID) as $id
| .PRICE_VAT as $price
| [.PARAM | list | [.PARAM_NAME | list] as $names
    | [.VAL // "" | if type == "array" then .[] else . end] | to_entries[]
    | {key: ($names[.key] // $names[-1]), value}] as $params
| [$params[] | select($is_group and (.key | test("barva|farba|velikost|veľkosť|objem|size|colou?r"; "i")))]
  as $options
| {
    id: $id,
    title: ((.PRODUCTNAME | filled) // .PRODUCT),
    description: .DESCRIPTION,
    brand: .MANUFACTURER,
    categories: [first(.CATEGORYTEXT | list) | split(" *[|] *"; null)
      | map(filled | select(test("^heureka[.]"; "i") | not))],
    images: [(.IMGURL, .IMGURL_ALTERNATIVE) | list],
    metadata: (($params - $options | joined) + {PRODUCTNO: (.PRODUCTNO // "")} | map_values(filled)),
    variants: [{
      id: .ITEM_ID,
      sku: .ITEM_ID,
      barcode: ((.EAN | filled) // .ISBN),
      options: (if $is_group and $options == [] then {Item: .ITEM_ID} else $options | joined end)
    } + first((.CURRENCY | filled | {prices: {(ascii_downcase): $price}}), {$price})]
  }
| shown
