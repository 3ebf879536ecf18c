# Square's older CSV of items: a row for each item, with columns such as `Variant 1 - Name`.

def number: [keys_unsorted[] | capture("^Vari(ant|ation) (?<n>[0-9]+) - Name$").n | tonumber] | unique;

. as $item
| [number[] as $n
    | {name: first($item["Variant \($n) - Name", "Variation \($n) - Name"] | values),
       price: first($item["Variant \($n) - Price", "Variation \($n) - Price"] | values),
       sku: (first($item["Variant \($n) - SKU", "Variation \($n) - SKU"] | filled) // null)}
    | select((.name + .price | filled) != null)] as $variants
| {
    id: ((.["Item ID"] | filled) // .Name),
    title: .Name,
    description: .Description,
    categories: [.Category | filled | [.]],
    variants: [$variants[] | {
      sku,
      price: (.price | if ascii_downcase == "variable" then error("it has no fixed price") else . end),
      options: (if $variants | length > 1 then {Variation: ((.name | filled) // "Regular")} else {} end)
    }]
  }
| shown
