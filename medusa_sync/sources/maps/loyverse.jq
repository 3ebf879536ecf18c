# The CSV export of Loyverse: a row for each variant; those below the first one of an item have no name. A
# column such as `Price [Main Store]` is that of a shop: prices must be the same, and stocks are added up.
# group: .Handle

# The values of the columns of shops whose names begin so.
def of_shops($start):
  [to_entries[] | select(.key | . == $start or startswith("\($start) [")) | .value | filled];

def price:
  (of_shops("Price") | unique | map(select(ascii_downcase != "variable"))) as $all
  | if $all | length > 1 then error("its price differs from shop to shop: \($all | join(", "))")
    else $all[0] // (.["Default price"] | filled) // error("it has no fixed price") end;

map(select((.["SKU of included item"] // "") == "" or (.Name | filled) != null)) as $rows
| .[0] as $product
| [range(1; 4) as $n | $product["Option \($n) name"] | filled] as $names
| {
    id: $product.Handle,
    title: $product.Name,
    description: $product.Description,
    categories: [$product.Category | filled | [.]],
    status: (if [$rows[] | of_shops("Available for sale")[] | ascii_downcase]
      | . != [] and all(. == "n") then "draft" else null end),
    options: $names,
    variants: [
      $rows[]
      | {
          sku: .SKU,
          barcode: .Barcode,
          price: price,
          stock: (if .["Track stock"] // "Y" | ascii_downcase == "y"
            then of_shops("In stock") | if . == [] then null else map(count) | add end else null end),
          options: ([range(1; 4) as $n
            | {key: ($product["Option \($n) name"] | filled), value: .["Option \($n) value"]}] | from_entries)
        }
    ]
  }
| shown
