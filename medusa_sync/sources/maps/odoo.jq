# Products of Odoo (`product.template`), exported with the names of fields or with English labels. Rows below
# a product have its attributes; the variants, with SKUs and stocks of their own, are another export. Here,
# they share the sum.
# group: first((.id, .["External ID"], .default_code, .["Internal Reference"], .name, .Name) | filled)

def of(names): first(.[names] | filled | select(. != false)) // null;
def yes($default): if . == null then $default else tostring | ascii_downcase | IN("true", "1") end;

.[0] as $product
| [.[] | of("name", "Name") | select(.)] as $names
| if ($names | unique | length) > 1 then error("two products have its id: \($names[:2] | join(" and "))")
  else . end
| [.[] | of("attribute_line_ids/attribute_id", "Product Attributes/Attribute") as $key | select($key)
    | [of("attribute_line_ids/value_ids", "Product Attributes/Values") // "" | split(",")[]
        | {$key, value: (split(": ") | last)}]] as $attributes
| $product
| if [.sale_ok, .["Can be Sold"], .Sales] | map(filled)[0] | yes(true) | not then left_out("not for sale")
  else
    of("list_price", "Sales Price") as $price
    | {sku: of("default_code", "Internal Reference"), barcode: of("barcode", "Barcode")} as $goods
    | ([.is_storable, .["Track Inventory"]] | map(filled)[0]) as $is_tracked
    | (of("type", "detailed_type", "Product Type") // ""
        | IN("service", "Service", "consu", "Consumable", "combo", "Combo") | not) as $is_goods
    | (if $is_tracked | yes($is_goods) then of("qty_available", "Quantity On Hand") | count
      else null end) as $stock
    | {
        id: of("id", "External ID", "default_code", "Internal Reference"),
        title: of("name", "Name"),
        description: of("description_sale", "Sales Description"),
        status: ([.active, .Active] | map(filled)[0]
          | if . == null then null elif yes(true) then "active" else "draft" end),
        categories: [of("categ_id", "Product Category") | if type == "array" then .[1] else . end
          | filled | split(" / ") - ["All"]],
        images: [of("image_1920", "Image") | strings | select(startswith("http"))],
        $price,
        weight: ((of("weight", "Weight") | grams) // null),
        $stock
      }
      + if $attributes == [] then
          $goods | {sku, meta: {barcode}}
        else
          [$attributes | combinations | from_entries] as $all
          | {variants: [$all[] as $options
            | {$price, $options}
              + if $all | length > 1 then {} else $goods end]}
        end
  end
| shown
