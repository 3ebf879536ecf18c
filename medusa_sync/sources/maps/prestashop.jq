# The CSV of PrestaShop's product import. Combinations are another file. Numbers of categories are left out. A
# weight is in kilograms.

# The first column whose name begins so: some have an asterisk, or an example, at the end.
def cell($start):
  first(to_entries[] | select(.key | ascii_downcase | startswith($start)) | .value | filled) // null;
# Its values, between the marks that the name has, such as `Tags (x;y;z...)`.
def several($start):
  [first(to_entries[] | select((.key | ascii_downcase | startswith($start)) and (.value | filled) != null))
    | (.key | capture("\\(x(?<mark>.)y"; "i").mark // ",") as $mark
    | .value | split($mark)[] | ltrimstr(" ") | filled];

(cell("price tax") | spaced? // null) as $price
| (cell("discount amount") | spaced? // "0" | tonumber? // 0) as $amount
| (cell("discount percent") | (rtrimstr("%") | spaced)? // "0" | tonumber? // 0) as $percent
| {
    id: (cell("product id") // cell("reference")),
    title: cell("name"),
    handle: (cell("url rewritten") | if . then ascii_downcase else null end),
    description: (cell("description") // cell("summary")),
    brand: cell("manufacturer"),
    status: ({"0": "draft", "1": "active"}[cell("active") // ""]),
    categories: [several("categories")[] | select(test("^[0-9]+$") | not) | split("/")],
    tags: several("tags"),
    images: several("image urls"),
    price: $price,
    # Its importer uses the amount if there are both.
    salePrice: (if $amount == 0 and $percent == 0
        or (applies(cell("discount from"); cell("discount to")) | not) then null
      else ($price | tonumber?
        | if $amount != 0 then . - $amount else . * (100 - $percent) / 100 end | round2) // null end),
    sku: cell("reference"),
    meta: {barcode: (cell("ean13") // cell("upc"))},
    stock: (cell("quantity") | count),
    weight: ((cell("weight") | grams) // null),
    dimensions: {width: cell("width"), height: cell("height"), depth: cell("depth")},
    metadata: ([several("feature")[] | split(":") | {key: .[0], value: .[1]}] | joined)
  }
| shown
