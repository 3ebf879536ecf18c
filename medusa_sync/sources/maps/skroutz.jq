# The XML of Skroutz, whose prices are in EUR.

# What is sold: the product, or one of its variations, which may have a price of their own.
def goods($product):
  {
    barcode: .ean,
    prices: {eur: first(((.price_with_vat, $product.price_with_vat) | filled), null)},
    stock: (if .instock == "N" then 0 else .quantity end),
    weight: (($product.weight | weight_in("g")) // null)
  };

. as $product
| ((.uniqueID | filled) // .id) as $id
| [.variations?.variation? | list] as $variations
| {
    id: $id,
    title: .name,
    description: .description,
    brand: .manufacturer,
    categories: [.category | filled | split(" *> *"; null)],
    images: [(.image, .additional_imageurl, .additionalimage) | list],
    metadata: ({mpn, color, size: (if $variations == [] then .size else null end)} | map_values(filled)),
    variants: (if $variations == [] then [{id: $id, sku: $id} + goods($product)]
      else [$variations[] | {
        id: .variationid,
        sku: ((.manufacturersku | filled) // .variationid),
        options: {Size: .size}
      } + goods($product)] end)
  }
| shown
