# The XML of Ceneo, whose prices are in PLN.

[.attrs.a? | list | select(type == "object" and has("#text")) | {key: .["@name"], value: .["#text"]}] as $all
| ($all | joined) as $attributes
| (last($all[] | select(.key == "EAN").value) // null) as $ean
| {
    id: .["@id"],
    title: .name,
    description: .desc,
    brand: $attributes.Producent,
    categories: [.cat | filled | split("/")],
    images: [(.imgs.main?, (.imgs.i? | list)) | objects | .["@url"]],
    metadata: ($attributes | del(.Producent, (.EAN | select(. == $ean)))),
    variants: [{
      id: .["@id"],
      sku: .["@id"],
      barcode: $ean,
      prices: {pln: .["@price"]},
      stock: .["@stock"],
      weight: ((.["@weight"] | grams) // null)
    }]
  }
| shown
