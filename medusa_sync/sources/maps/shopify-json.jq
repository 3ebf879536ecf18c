# Shopify's products as JSON: https://shop.example.com/products.json

# A text, or a number that is not 0.
def filled: select(. != null and . != "" and . != 0);

# The names of the options; none if the product has only Shopify's own.
(if [.options[].name] == ["Title"] then [] else [.options[].name] end) as $names
| [.images[]? | {id: .variant_ids[]?, src}] as $images
| {
    id,
    title,
    handle,
    description: .body_html,
    brand: .vendor,
    type: .product_type,
    tags: (if (.tags | type) == "string" then (.tags | split(", ")) else .tags end),
    status: (if .status == "active" then "active" elif .status then "draft" else null end),
    images: [.images // [] | sort_by(.position)[].src],
    options: $names,
    variants: [
      .variants[]
      | .id as $id
      | {
          id,
          image: (.featured_image.src // first($images[] | select(.id == $id).src) // null),
          title: (if $names == [] then null else .title end),
          sku,
          barcode,
          price,
          compareAtPrice: ((.compare_at_price | filled) // null),
          # Only the Admin API has a stock; without one, inventory is not managed.
          stock: (
            if .inventory_management or (has("inventory_management") | not) and .inventory_quantity != null
            then [.inventory_quantity // 0, 0] | max
            else null end
          ),
          allowBackorder: (
            if .inventory_management then {"continue": true, "deny": false}[.inventory_policy // ""]
            else null end
          ),
          weight: ((.grams | filled) // null),
          options: ([$names, [.option1, .option2, .option3]] | transpose
            | map(select(.[0]) | {key: .[0], value: .[1]}) | from_entries)
        }
    ]
  }
| shown
