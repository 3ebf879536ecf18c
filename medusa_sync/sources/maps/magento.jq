# The CSV export of Magento 2: a row for each product, of which a configurable one names its variations. Rows
# of store views have translations, and make no products. The export does not say in which unit a weight is.
# group: .store_view_code as $v | .sku, (.configurable_variations // "" | split("|")[] | pairs.sku) | [., $v]

# The paths of categories, without the root of the shop; a name may have commas, and `\/`.
def paths:
  . // "" | (split(",")[0] // "" | split("/")[0]) as $root
  | reduce split(",")[] as $part ([];
      if $part == $root or ($part | contains("/")) then . + [$part] else .[-1] += ",\($part)" end)
  | map((if contains("\\/") then [splits("(?<!\\\\)/") | split("\\/") | join("/")] else split("/") end)[1:]
    | select(. != []));

def images: [.base_image, (.additional_images // "" | split(",")[]) | filled | select(. != "no_selection")];

# What is sold.
def goods:
  (.additional_attributes | pairs) as $attributes
  | {
      sku,
      price,
      salePrice: (if applies(.special_price_from_date; .special_price_to_date)
        then .special_price else null end),
      barcode: first($attributes["ean", "gtin", "upc", "barcode"] | filled) // null,
      stock: (
        if .use_config_manage_stock == "0" and .manage_stock == "0" then null
        elif .is_in_stock == "0" then 0
        else .qty | count end),
      # 1 allows it, 2 allows it and says so; the configuration of the shop is not in the file.
      allowBackorder: (
        if .use_config_backorders == "0" then {"0": false, "1": true, "2": true}[.allow_backorders // ""]
        else null end)
    };

def product:
  (.additional_attributes | pairs | del(.has_options, .required_options)) as $attributes
  | {
      id: .sku,
      title: .name,
      handle: .url_key,
      description: ((.description | filled) // .short_description),
      brand: first($attributes["brand", "manufacturer"] | filled) // null,
      status: ({"0": "draft", "1": "active", "2": "draft"}[.product_online // ""]),
      images: images,
      categories: (.categories | paths),
      metadata: $attributes
    };

(.[0].store_view_code // "") as $view
| ([.[] | {key: .sku, value: .}] | reverse | from_entries) as $rows
| [.[].configurable_variations // "" | split("|")[] | pairs.sku] as $named
| .[]
| if $view != "" then left_out("texts of a store view")
  elif .product_type == "configurable" then
    (.configurable_variation_labels | pairs) as $labels
    | product + {variants: [
        (.configurable_variations | split("|")[] | pairs) as $own
        | $rows[$own.sku] // error("its variation \($own.sku) is not in the file")
        | select(.product_online != "2")
        | goods + {
            id: .sku,
            image: images[0],
            options: ($own | del(.sku, .default) | with_entries(.key |= ($labels[.] // .)))
          }
      ]}
    | if .variants == [] then left_out("it has no variation") else . end
  elif IN(.product_type; "simple", "virtual", "downloadable") | not then
    left_out("the product type \(.product_type) is not read")
  elif IN(.sku; $named[]) then empty
  elif .visibility == "Not Visible Individually" then left_out("not visible individually")
  else product + (goods | . + {meta: {barcode}} | del(.barcode)) end
| shown
