# Square's item library: a row for each variation. Items are told apart by their names, because the token is
# that of a variation. The stock is the sum of all locations.
((.["Option Name 1"] | filled) // null) as $has_options
| {
    id: .["Item Name"],
    title: .["Item Name"],
    description: .Description,
    status: ({y: "draft", n: "active"}[.Archived // "" | ascii_downcase]),
    categories: [.Categories // .Category // .["Reporting Category"] // "" | split(",")[] | ltrimstr(" ")
      | filled | sub(" \\([^)]*\\)$"; "") | split(" > ")],
    variants: [{
      sku: .SKU,
      barcode: .GTIN,
      price: (.Price // "" | if ascii_downcase == "variable" then error("it has no fixed price")
        else . end),
      salePrice: .["Online Sale Price"],
      stock: ([to_entries[] | select(.key | startswith("Current Quantity")) | .value | filled]
        | if . == [] then null else map(count) | add end),
      weight: ((.["Weight (kg)"] | grams) // (.["Weight (lb)"] | filled | tonumber * 453.59237) // null),
      options: (if $has_options then
          [range(1; 7) as $n | {key: (.["Option Name \($n)"] | filled), value: .["Option Value \($n)"]}]
          | from_entries
        else {Variation: ((.["Variation Name"] | filled) // "Regular")} end)
    }]
  }
| shown
