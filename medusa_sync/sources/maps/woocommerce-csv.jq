# The CSV export of WooCommerce, with English column names. A variation names its product by the SKU, or by
# `id:741` if the product has none; so that is the id of a product, and all rows with it are one product.

# An empty cell is no value.
def filled: select(. != null and . != "");

# The parts of a cell; a comma within a part is written as `\,`.
def parts:
  . // "" | if contains("\\,") then [splits("(?<!\\\\), *") | split("\\,") | join(",")] else split(", ") end
  | map(filled);

# A number; exports of many countries have a decimal comma.
def number:
  filled | if contains(",") and test("^[0-9]+,[0-9]{1,2}$") then split(",") | join(".") else . end;

# The attributes of a row from the n-th on: the columns `Attribute 1 name` and `Attribute 1 value(s)`.
def attributes($n):
  .["Attribute \($n) name"] as $name | select($name != null)
  | {key: ($name | filled), value: .["Attribute \($n) value(s)"]}, attributes($n + 1);

# In grams; the name of the column has the unit.
def weight:
  first(({kg: 1000, g: 1, lbs: 453.59237, oz: 28.349523125} | to_entries[]) as $unit
    | .["Weight (\($unit.key))"] | number | tonumber * $unit.value * 1000 | round / 1000);

# What is sold. The period of a sale is not known here, so a sale that has one is left out.
def goods:
  (.["Date sale price starts"] + .["Date sale price ends"] == "") as $always
  | ((.["Sale price"] | select($always) | number) // null) as $sale
  | ((.["Regular price"] | number) // null) as $regular
  | {
      sku: .SKU,
      barcode: .["GTIN, UPC, EAN, or ISBN"],
      price: ($sale // $regular),
      compareAtPrice: (if $sale then $regular else null end),
      stock: (if .["In stock?"] == "0" then 0 else (.Stock | tonumber? | [., 0] | max) // null end),
      weight: (weight // null)
    };

(.Type | split(", ")) as $types
| if $types | index("variation") then
    select(.Published == "1")
    | (.Images | parts) as $images
    # "Any size" is an attribute without a value.
    | ([attributes(1) | .value = ((.value | filled) // "Any")] | from_entries) as $options
    | {id: .Parent, $images, variants: [{id: .ID, image: $images[0], $options} + goods]}
  else
    select($types | any(. == "simple" or . == "variable"))
    | {
        id: ((.SKU | filled) // "id:\(.ID)"),
        title: .Name,
        description: ((.Description | filled) // .["Short description"] // "" | split("\\n") | join("\n")),
        status: (if .Published == "1" then null else "draft" end),
        categories: (.Categories | parts | map(split(" > "))),
        tags: (.Tags | parts),
        images: (.Images | parts),
        dimensions: {width: .["Width (cm)"], height: .["Height (cm)"], depth: .["Length (cm)"]}
      }
      + if $types | index("variable") then {} else {metadata: ([attributes(1)] | from_entries)} + goods end
  end
