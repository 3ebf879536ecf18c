# YML, the format of Yandex Market and others: an offer is a variant, and those with the same group_id are a
# product. The names of its category are added when the file is read; an offer has only the id.

((.["@group_id"] | filled) // null) as $group
| [.param | list | select(type == "object" and has("#text"))
    | {key: .["@name"], value: ([.["#text"], (.["@unit"] | filled)] | join(" "))}] as $params
| [$params[] | select($group and (.key | test("размер|цвет|объ[её]м|розмір|колір|size|colou?r"; "i")))]
  as $options
| (.currencyId | ascii_downcase | if . == "rur" then "rub" else . end) as $currency
| {
    id: ($group // .["@id"]),
    title: ((.name | filled) // ([.typePrefix, .vendor, .model] | map(filled) | join(" "))),
    description: .description,
    brand: .vendor,
    categories: (.categories // []),
    images: [.picture | list],
    metadata: (($params - $options | from_entries) + {vendorCode: (.vendorCode // "")} | map_values(filled)),
    variants: [{
      id: .["@id"],
      sku: .["@id"],
      barcode: first((.barcode | list), null),
      prices: {($currency): ((.price | spaced) // null)},
      compareAtPrice: ((.oldprice | spaced) // null),
      stock: (if .["@available"] == "false" then 0
        else first((.count, .stock_quantity, .quantity_in_stock, .quantity) | filled) // null end),
      weight: ((.weight | grams) // null),
      options: (if $group and $options == [] then {Offer: .["@id"]} else $options | from_entries end)
    }]
  }
| shown
