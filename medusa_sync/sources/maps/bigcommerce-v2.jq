# The earlier CSV export of BigCommerce (Item Type, Product ID, ...): the rows below a product are its SKUs,
# and rules that change their prices.
# group: select(.["Item Type"] | test("^product$"; "i")) | first(.["Product ID", "Product Code/SKU", "Product Name"] | filled)

def is($type): .["Item Type"] | ascii_downcase == $type;

# `[S]Size=Small,[RB]Color=Red`.
def options:
  [.["Product Name"] | scan("\\[[A-Z]+\\] *([^=]*)= *(.*?)(?=, *\\[[A-Z]+\\]|$)") | {key: .[0], value: .[1]}]
  | from_entries;

first((.[] | select(is("product"))), error("it has no row of a product")) as $product
| [.[] | select(is("rule")) | {key: .["Product Code/SKU"], value: (.Price // "")}] as $rules
| def goods($is_tracked):
    .["Product Code/SKU"] as $sku
    | {
        $sku,
        barcode: .["Product UPC/EAN"],
        price: ($product.Price | tonumber? as $price | [$rules[] | select(.key == $sku) | .value | filled][0]
          | if . == null then $price
            elif startswith("[FIXED]") then ltrimstr("[FIXED]")
            elif startswith("[ADD]") then $price + (ltrimstr("[ADD]") | tonumber)
            elif startswith("[REMOVE]") then $price - (ltrimstr("[REMOVE]") | tonumber)
            else error("the price of a rule is \(.)") end),
        salePrice: $product["Sale Price"],
        stock: (if $is_tracked then .["Current Stock Level"] // .["Stock Level"] | count else null end)
      };
($product["Track Inventory"] // "" | ascii_downcase | IN("none", "n", "") | not) as $is_tracked
| {
    id: (first($product["Product ID", "Product Code/SKU"] | filled) // null),
    title: $product["Product Name"],
    description: $product["Product Description"],
    handle: ($product["Product URL"] // "" | split("/") | map(filled) | last),
    brand: $product["Brand Name"],
    status: ({N: "draft", Y: "active"}[$product["Product Visible?"] // ""]),
    categories: [$product.Category // "" | split(";")[] | split("/") | map(filled) | select(. != [])],
    images: [range(1; 51) as $n
      | first($product["Product Image URL - \($n)", "Product Image File - \($n)"] | filled)],
    variants: (
      [.[] | select(is("sku")) | goods($is_tracked) + {options: options}]
      | if . == [] then [$product | goods($is_tracked)] else . end
    )
  }
| shown
