# WooCommerce's REST API: https://shop.example.com/wp-json/wc/v3/products
# The variations of a variable product are requested by medusa-sync, and are then in `variations`.
# The API does not say in which unit a weight is, so weights are left out. If yours are in kg, add
# `weight: ((.weight | filled | tonumber * 1000) // null)` to `goods`.

# An empty text is no value.
def filled: select(. != null and . != "");

# What is sold. `price` is that of now.
def goods:
  ((.price | filled) // .regular_price) as $price
  | {
      sku,
      barcode: .global_unique_id,
      $price,
      compareAtPrice: (if .on_sale == true then .regular_price else null end),
      stock: (if .manage_stock == true then [.stock_quantity // 0, 0] | max
        elif .stock_status == "outofstock" then 0
        else null end)
    };

select(.type == "simple" or .type == "variable")
| . as $product
| [.attributes[]? | select(.variation == true) | .name] as $names
| {
    id,
    title: .name,
    handle: .slug,
    description: ((.description | filled) // .short_description),
    status: (if .status == "publish" then null else "draft" end),
    # The API names a category without those above it.
    categories: [.categories[]? | {name, handle: .slug}],
    tags: [.tags[]?.name],
    images: [.images[]?.src],
    dimensions: (.dimensions // {} | {width, height, depth: .length}),
    metadata: ([.attributes[]? | select(.variation != true) | {key: .name, value: (.options | join(", "))}]
      | from_entries)
  }
  + if .type == "simple" then goods else
      {
        options: $names,
        variants: [
          .variations[]
          | if type == "object" then . else error("its variations are not in the file") end
          | select(.status == "publish")
          | {
              id,
              image: .image.src?,
              # "Any size" is an attribute that the variation does not have.
              options: (reduce $names[] as $name ({}; .[$name] = "Any")
                + (.attributes | map({key: .name, value: .option}) | from_entries))
            } + goods
        ]
      }
    end
