# The CSV export of WooCommerce, read as its own importer reads it. A variation names its product by the SKU,
# or by `id:741` if the product has none; so that is the id of a product, and all its rows are one product.

# The export puts an apostrophe before a text that a spreadsheet could take for a formula.
def unescaped: if startswith("'") and (.[1:2] | IN("=", "+", "-", "@")) then .[1:] else . end;

# A comma within a value is written as `\,`.
def unmasked: if contains("\\,") then split("\\,") | join(",") else . end;
def values:
  . // "" | if contains("\\,") then [splits("(?<!\\\\),") | unmasked] else split(",") end
  | map(ltrimstr(" ") | filled);

# A line break is written as `\n`, and these two characters as `\\n`.
def lines: split("\\\\n") | map(split("\\n") | join("\n")) | join("\\n");

# The attributes of a row from the n-th on: the columns `Attribute 1 name` and `Attribute 1 value(s)`.
def attributes($n):
  .["Attribute \($n) name"] as $name | .["Attribute \($n) value(s)"] as $value | select($name != null)
  | {key: ($name | filled | unescaped), value: ($value // "" | unescaped)}, attributes($n + 1);

# The name of the column has the unit.
def in_unit($name; $units):
  first(($units | keys_unsorted[]) as $unit | .["\($name) (\($unit))"] | select(. != null)
    | decimal | (tonumber? | . * $units[$unit] * 1000 | round / 1000) // .) // null;
def cm($name): in_unit($name; {cm: 1, "см": 1, mm: 0.1, "мм": 0.1, m: 100, "м": 100, in: 2.54, yd: 91.44});

# 1 is published, 0 private, -1 a draft.
def published:
  .Published // "1" | ascii_downcase | if IN("true", "1") then 1 elif . == "0" then 0 else -1 end;

# More were sold than there were if it is negative. A text that is no number rejects the product.
def stock: (.Stock | filled | if test("^-[0-9]+$") then 0 else . end) // null;

# What is sold.
def goods:
  applies(.["Date sale price starts"]; .["Date sale price ends"]) as $now
  | (.["In stock?"] // "1" | ascii_downcase) as $in
  | ((.["Regular price"] | filled) // null) as $regular
  | ((.["Sale price"] | select($now) | filled | below($regular)) // null) as $sale
  | {
      sku: .SKU, barcode: .["GTIN, UPC, EAN, or ISBN"],
      price: ($sale // $regular),
      compareAtPrice: (if $sale then $regular else null end),
      stock: (if $in == "0" or stock == null and ($in | IN("", "false", "no")) then 0 else stock end),
      allowBackorder: (.["Backorders allowed?"] // "" | ascii_downcase
        | if IN("1", "yes", "true", "notify") then true elif IN("0", "no", "false") then false else null end),
      weight: in_unit("Weight"; {kg: 1000, "кг": 1000, g: 1, "г": 1, lbs: 453.59237, oz: 28.349523125})
    };

reduce ("SKU", "Parent", "Name", "Published", "Description", "Short description", "Stock", "Categories",
  "Tags") as $name (.; if .[$name] // "" | startswith("'") then .[$name] |= unescaped else . end)
| (.Type // "" | ascii_downcase | values - ["virtual", "downloadable"] | .[0] // "simple") as $type
| (.Images | values) as $images
| if $type == "variation" and published == 0 then left_out("a variation that is not enabled")
  elif $type == "variation" then
    # "Any size" is an attribute without a value.
    ([attributes(1) | .value |= ((unmasked | filled) // "Any")] | from_entries) as $options
    | {
        id: .Parent, $images,
        variants: [{id: ((.ID | filled) // null), image: $images[0], $options}
          + (if .Stock == "parent" then del(.Stock) | goods | .stock = null else goods end)]
      }
  elif $type != "simple" and $type != "variable" then left_out("the type \($type) is not read")
  else
    {
      id: ((.SKU | filled) // "id:\(.ID | filled)" // error("it has neither an SKU nor an ID")),
      title: .Name,
      description: ((.Description | filled) // .["Short description"] // "" | lines),
      status: (if published == 1 then "active" else "draft" end),
      categories: (.Categories | values | map(split(">"))),
      tags: (.Tags | values),
      $images, dimensions: {width: cm("Width"), height: cm("Height"), depth: cm("Length")}
    }
    + if $type == "variable" then {stock: (if .["In stock?"] == "0" then 0 else stock end)} else
        {metadata: ([attributes(1) | .value |= (values | join(", "))] | joined)}
        + (goods | . + {meta: {barcode}})
      end
  end
| shown
