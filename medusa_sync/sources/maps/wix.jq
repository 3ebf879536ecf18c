# The CSV export of Wix Stores: a row for each product, and one for each of its variants.
# group: .handleId

def values($name): .[$name] // "" | split(";") | map(ltrimstr(" ") | filled);

# The names of the options, and what is in their columns in a row; a color is `#ff0000:Red`, with any color
# of CSS. A word before a colon is one only in a list of colors.
def options($from):
  [range(1; 7) as $n
    | (if "\($from["productOptionType\($n)"])" == "COLOR" then "|[a-z]+" else "" end) as $word
    | {key: ($from["productOptionName\($n)"] | filled),
       value: [values("productOptionDescription\($n)")[]
         | sub("^(#[0-9a-f]+|[a-z]+\\([^()]*\\)\($word)):"; ""; "i")]}];

def image: if test("^https?://") then . else "https://static.wixstatic.com/media/\(.)" end;

def stock:
  .inventory // "" | ascii_downcase
  | if . == "outofstock" then 0 elif . == "instock" then null else filled // null end;

# 0 if the cell is empty.
def number($name):
  .[$name] // ""
  | if . == "" then 0 else (decimal | tonumber?) // error("\($name) is \(.), which is no number") end;

def is($type): .fieldType | ascii_downcase == $type;

first((.[] | select(is("product"))), error("it has no row of a product")) as $product
| ($product | options($product)) as $options
| ($product | if .price == "" then error("price is empty") else number("price") end) as $price
| ($product | number("discountValue")) as $off
# What it costs now, and without the discount.
| def goods($full):
    (if $off == 0 then $full
     elif $product.discountMode == "PERCENT" then $full * (100 - $off) / 100
     else $full - $off end) as $now
    | {sku, price: (if $off == 0 then $now else ($now * 100 | round / 100) end),
       compareAtPrice: (if $off == 0 then null else $full end), stock: stock};
{
  id: $product.handleId,
  title: $product.name,
  description: $product.description,
  brand: $product.brand,
  status: ({false: "draft", true: "active"}[$product.visible // "" | ascii_downcase]),
  images: [$product | values("productImageUrl")[] | image],
  categories: [$product | values("collection")[] | [.]]
}
+ if any(.[]; is("variant")) then
    {
      options: [$options[].key],
      variants: [
        .[] | select(is("variant"))
        | goods($price + number("surcharge"))
          + {options: (options($product) | map(select(.value != []) | .value = .value[0]) | from_entries)}
      ]
    }
  elif any($options[]; .value | length > 1) then
    # Without rows of their own, all variants cost the same, and share a stock.
    {
      stock: ($product | stock),
      options: [$options[].key],
      variants: [
        [$options[] | .key as $key | [.value[] | {$key, value: .}]] | combinations | from_entries as $values
        | $product | goods($price) + {sku: null, stock: null, options: $values}
      ]
    }
  else
    $product | goods($price)
  end
| shown
