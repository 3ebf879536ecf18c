# Products of Akeneo: its CSV export, or JSON of its API. Shops name attributes themselves; usual names are
# these: name, description, price, ean and image. Products with the same parent are variants.
# reads: all
# group: (.parent | filled) // (.identifier | filled) // .sku

# JSON in the form of the CSV: `name-en_US-ecommerce`, and `price-EUR` for each currency.
def flat:
  if has("values") then
    . + ([.values | to_entries[] | .key as $key | .value[]
      | ([$key, .locale, .scope] | map(filled)) as $name
      | if .data | type == "array" and (.[0] | type) == "object"
        then .data[] | {key: ($name + [.currency // ""] | join("-")), value: .amount}
        else {key: ($name | join("-")), value: (.data | if type == "array" then join(",")
          elif type == "object" then "\(.amount) \(.unit)" else . end)} end]
      | from_entries) | del(.values)
  else . end;

# An attribute, in English if it is in several languages.
def of($names):
  [to_entries[] | select((.key | split("-")[0]) as $name | IN($names[]; $name)) | select(.value | filled)]
  | sort_by(.key | test("-en_") | not) | .[0].value;

map(flat | .sku = ((.identifier | filled) // .sku)) as $all
# A disabled variant is not for sale; if all are, the product is a draft.
| [$all[] | select(.enabled | tostring | IN("0", "false") | not)] as $enabled
| (if $enabled == [] then $all else $enabled end) as $rows
| ["sku", "uuid", "identifier", "parent", "family", "enabled", "categories", "groups", "created", "updated",
    "name", "title", "label", "description", "price", "brand", "manufacturer", "ean", "gtin", "upc",
    "barcode", "image", "picture", "associations", "quantified_associations"] as $used
| (if ($rows[0].parent | filled) // null then [$rows[] | keys_unsorted[]] | unique else [] end
    | map(select(test("colou?r|size|farbe|gr(ö|oe)(ß|ss)e|taille|couleur"; "i")))) as $axes
| $rows[0]
| {
    id: ((.parent | filled) // .sku),
    title: (of(["name", "title", "label"]) // error("it has no name")),
    description: of(["description"]),
    brand: of(["brand", "manufacturer"]),
    status: {"0": "draft", false: "draft", "1": "active", true: "active"}[.enabled | tostring],
    categories: [.categories | if type == "string" then split(",")[] else .[]? end | filled | [.]],
    images: [of(["image", "picture"]) | filled],
    metadata: ([to_entries[] | (.key | split("-")) as $name
      | select(IN($name[0]; $used[], $axes[]) or IN($name[-1]; "groups", "products", "product_models") | not)
      | .value |= filled] | from_entries),
    variants: [
      $rows[]
      | . as $row
      | {
          sku,
          barcode: of(["ean", "gtin", "upc", "barcode"]),
          prices: ([to_entries[] | select(.key | test("^price(-.*)?-[A-Z]{3}$"))
            | {key: (.key | split("-") | last | ascii_downcase), value: (.value | filled)}] | from_entries),
          options: ([$axes[] | {key: ., value: ($row[.] | filled)}] | from_entries
            | if . == {} and ($rows | length) > 1 then {SKU: $row.sku} else . end)
        }
    ]
  }
| shown
