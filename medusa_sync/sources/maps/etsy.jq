# The CSV of an Etsy shop's listings. It has no ids: the SKU, or else the title, tells a listing from others.
# Variations have one price, and share a stock; their SKUs are in no known order, so these are left out.
[range(1; 4) as $n
  | [{key: (.["VARIATION \($n) NAME"] | filled), value: (.["VARIATION \($n) VALUES"] | split(",")[])}]
  | select(. != [])] as $options
| [$options | combinations | from_entries] as $chosen
| ((.SKU // "") | split(",") | map(ltrimstr(" "))) as $skus
| {(.CURRENCY_CODE | ascii_downcase): .PRICE} as $prices
| {
    id: (if $skus | length == 1 then .SKU else .TITLE end),
    title: .TITLE,
    description: (.DESCRIPTION | plain),
    tags: [.TAGS // "" | split(",")[] | split("_") | join(" ")],
    images: [range(1; 21) as $n | .["IMAGE\($n)"] | filled],
    metadata: {materials: .MATERIALS},
    stock: .QUANTITY,
    variants: [$chosen[] as $options | {
      $prices,
      sku: (if $skus + $chosen | length == 2 then .SKU else null end),
      $options
    }]
  }
| shown
