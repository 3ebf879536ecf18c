# The XML of Ceneo, whose prices are in PLN.

([.attrs.a? | list | select(type == "object" and has("#text")) | {key: .["@name"], value: .["#text"]}]
  | from_entries) as $attributes
| {
    id: .["@id"],
    title: .name,
    description: .desc,
    brand: $attributes.Producent,
    categories: [.cat | filled | split("/")],
    images: [(.imgs.main?, (.imgs.i? | list)) | objects | .["@url"]],
    metadata: ($attributes | del(.Producent, .EAN)),
    variants: [{
      id: .["@id"],
      sku: .["@id"],
      barcode: $attributes.EAN,
      prices: {pln: .["@price"]},
      stock: .["@stock"],
      weight: ((.["@weight"] | grams) // null)
    }]
  }
| shown
