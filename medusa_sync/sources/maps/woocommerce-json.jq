# WooCommerce's REST API: https://shop.example.com/wp-json/wc/v3/products
# The variations of a variable product are requested by medusa-sync, and are then in `variations`.
# The API does not say in which unit a weight is, so weights are left out. If yours are in kg, add
# `weight: ((.weight | filled | tonumber * 1000) // null)` to `goods`.

# The items of a list; some programs write them in one text.
def each: if type == "string" then split(if contains(";") then ";" else ", " end)[] else .[]? end;

def is_published: (.status // "publish") == "publish";

# More were sold than there were if it is negative. What is no number rejects the product.
def quantity: .stock_quantity // 0 | if (tonumber? // 0) < 0 then 0 else . end;

def is_managed:
  any(.manage_stock, .stock_quantity; . != null and . != "")
  and (.manage_stock | tostring | ascii_downcase | IN("false", "no", "0") | not);
def stock:
  if .manage_stock == "parent" then
    if .type == "simple" then error("only a variation has the stock of its parent") else null end
  elif is_managed then quantity
  elif .stock_status == "outofstock" then 0
  else null end;

# What is sold. `price` is that of now.
def goods:
  ((.price | filled) // .regular_price) as $price
  | {
      sku, barcode: .global_unique_id,
      $price,
      compareAtPrice: (if .on_sale == true then .regular_price else null end),
      stock: stock,
      allowBackorder: {yes: true, notify: true, no: false}[.backorders // "" | tostring]
    };

if .type != "simple" and .type != "variable" then left_out("the type \(.type) is not read") else
  [.attributes[]? | select(.variation == true) | .name] as $names
  | {
      id,
      title: .name,
      handle: .slug,
      description: ((.description | filled) // .short_description),
      status: (if .status == null then null elif is_published then "active" else "draft" end),
      # The API names a category without those above it.
      categories: [
        .categories | plain | each
        | if type == "object" then {name, handle: .slug} else split(">") end
      ],
      tags: [.tags | plain | each | .name? // .],
      images: [.images // .all_images // .main_image | each | .src? // .],
      dimensions: (.dimensions // {} | {width, height, depth: .length}),
      metadata: ([.attributes[]? | select(.variation != true)
        | {key: .name, value: (.options | join(", "))}] | joined)
    }
    + if .type == "simple" then goods + {meta: (goods | {barcode})} else
        [
          .variations
          | if type == "array" then .[] else null end
          | if type == "object" then . else error("its variations are not in the file") end
          | select(is_published)
        ] as $variations
        | {
            options: (if $names == [] then null else $names end),
            # Variations without one of their own share it.
            stock: (if any(is_managed, $variations[].manage_stock == "parent"; .)
              then quantity else null end),
            variants: [
              $variations[]
              | {
                  id, image: (.image | .src? // .),
                  # "Any size" is an attribute that the variation does not have.
                  options: (reduce $names[] as $name ({}; .[$name] = "Any")
                    + ([.attributes | each | if type == "object" then [.name, .option] else split(": ") end
                      | {key: .[0], value: .[1]}] | from_entries))
                } + goods
            ]
          }
      end
end
| shown
