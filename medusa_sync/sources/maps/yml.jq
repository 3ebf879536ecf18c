# YML, the format of Yandex Market and others: an offer is a variant, and those with the same group_id are a
# product. The names of its category are added when the file is read; an offer has only the id.
# reads: categoryId, name_ua, description_ua

# A text in the language of the feed, and one in Ukrainian beside it: `name_ua`, or `<name lang="ua">`.
def texts($name):
  [.[$name] | list
    | if type == "object" and (has("#text") or has("@lang")) then . else {"#text": .} end] as $all
  | [$all[] | select(.["@lang"] | IN("ua", "uk"))] as $uas
  | (first((.["\($name)_ua"], $uas[]["#text"]) | filled) // null) as $ua
  | (first(($all - $uas)[]["#text"] | filled) // $ua) as $own
  | {$own, ua: (if $own == $ua then null else $ua end)};

# A price; one with the attribute `from` is the lowest one of the offer.
def amount: if type == "object" and keys - ["#text", "@from"] == [] then .["#text"] else . end;

texts("name") as $name
| texts("description") as $description
| ((.["@group_id"] | filled) // null) as $group
| [.param | list | select(type == "object" and has("#text"))
    | {key: .["@name"], value: ([.["#text"], (.["@unit"] | filled)] | join(" "))}] as $params
| [$params[] | select($group and (.key | test("размер|цвет|объ[её]м|розмір|колір|size|colou?r"; "i")))]
  as $options
| ((.currencyId | filled | ascii_downcase | if . == "rur" then "rub" else . end) // null) as $currency
| {
    id: ($group // .["@id"]),
    title: ($name.own // ([.typePrefix, .vendor, .model] | map(filled) | join(" "))),
    description: $description.own,
    translations: (if $name.ua then {"uk-UA": {title: $name.ua, description: $description.ua}} else null end),
    brand: .vendor,
    categories: (.categories // []),
    images: [.picture | list],
    metadata: (($params - $options | joined) + {vendorCode: (.vendorCode // "")} | map_values(filled)),
    variants: [{
      id: .["@id"],
      sku: .["@id"],
      barcode: first((.barcode | list), null),
      compareAtPrice: (.oldprice | amount),
      stock: (if .["@available"] == "false" then 0
        else first((.count, .stock_quantity, .quantity_in_stock, .quantity) | filled) // null end),
      weight: ((.weight | weight_in("kg")) // null),
      options: (if $group and $options == [] then {Offer: .["@id"]} else $options | joined end)
    } + (if $currency then {prices: {($currency): (.price | amount)}} else {price: (.price | amount)} end)]
  }
| shown
