# The CSV export of BigCommerce (Item, ID, Name, ...): the rows below a product are its variants and images.
# It does not say in which unit a weight is.
# group: first(select(.Item | ascii_downcase == "product") | .ID, .SKU, .Name | filled)

def is($type): .Item | ascii_downcase == $type;

# `Type=Rectangle|Name=Size|Value=S` for each option, without a mark between them.
def options:
  [.Options // "" | scan("Name=([^|]*)[|]Value=(.*?)(?=Type=[^|]*[|]Name=|$)")
    | {key: .[0], value: (.[1] | sub("\\[#[^]]*\\]$"; ""))}] | from_entries;

first((.[] | select(is("product"))), error("it has no row of a product")) as $product
| def goods($level):
    {
      sku: .SKU,
      barcode: .["UPC/EAN"],
      price: ((.Price | filled) // $product.Price),
      salePrice: ((.["Sale Price"] | filled) // $product["Sale Price"]),
      stock: (if $product["Inventory Tracking"] // "" | ascii_downcase == $level
        then .["Current Stock"] | count else null end)
    };
{
  id: (first($product | .ID, .SKU | filled) // null),
  title: $product.Name,
  description: $product.Description,
  handle: ($product["Product URL"] // "" | split("/") | map(filled) | last),
  status: ({false: "draft", true: "active"}[$product["Is Visible"] // "" | ascii_downcase]),
  categories: [$product.Categories // "" | split(";")[] | split("/") | map(filled) | select(. != [])],
  images: [.[] | select(is("image"))
    | first(.["Image URL (Import)", "Internal Image URL (Export)"] | filled)],
  variants: (
    [.[] | select(is("variant")) | goods("variant") + {image: .["Variant Image URL"], options: options}]
    | if . == [] then [$product | goods("product")] else . end
  )
}
| shown
