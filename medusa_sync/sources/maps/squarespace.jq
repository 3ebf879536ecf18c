# The CSV export of Squarespace: a row for each variant; only the first one has the fields of the product.
# group: .["Product ID [Non Editable]"]

def list($name; $mark): .[$name] // "" | [splits($mark) | ltrimstr(" ") | filled];
def yes($name): .[$name] // "" | ascii_downcase == "yes";

.[0] as $product
| [range(1; 7) as $n | $product["Option Name \($n)"] | filled] as $names
| {
    id: $product["Product ID [Non Editable]"],
    title: $product.Title,
    description: $product.Description,
    status: (if $product | has("Visible") | not then null
      elif $product | yes("Visible") then "active" else "draft" end),
    images: ($product | list("Hosted Image URLs"; "\\s+")),
    categories: ($product | list("Categories"; ",") | map(ltrimstr("/") | split("/"))),
    tags: ($product | list("Tags"; ",")),
    options: $names,
    variants: [
      .[]
      | (yes("On Sale") and (.["Sale Price"] // "" | . != "" and test("^0+([.]0+)?$") == false)) as $sale
      | {
          id: .["Variant ID [Non Editable]"],
          sku: .SKU,
          price: (if $sale then .["Sale Price"] else .Price end),
          compareAtPrice: (if $sale then .Price else null end),
          stock: (.Stock // "" | if ascii_downcase? == "unlimited" then null else . end),
          options: ([
            range(1; 7) as $n
            | {key: ($product["Option Name \($n)"] | filled), value: (.["Option Value \($n)"] | filled)}
          ] | from_entries)
        }
    ]
  }
| shown
