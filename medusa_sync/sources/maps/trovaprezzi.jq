# The text feed of Trovaprezzi, whose prices are in EUR: offers with the same Parent ID are a product.
# reads: Parent ID <endrecord>

# A cell; the last one of a row, and of the header, may end with the mark of a record.
with_entries((.key, .value) |= (strings | rtrimstr("<endrecord>") | gsub("^ +| +$"; "")))
| ((.["Parent ID"] | filled) // null) as $group
| {
    id: ($group // .["Codice Interno"]),
    title: .Nome,
    description: .Descrizione,
    brand: .Marca,
    categories: [.["Albero Categorie"] | filled | [splits(" *[;>] *") | filled]],
    images: [.["Link Immagine"], (range(1; 10) as $n | .["Ulteriore Link Immagine \($n)"]) | filled],
    metadata: {"Codice Produttore": .["Codice Produttore"]},
    variants: [{
      id: .["Codice Interno"],
      sku: .["Codice Interno"],
      barcode: .["Codice EAN"],
      prices: {eur: .["Prezzo Vendita"]},
      compareAtPrice: .["Prezzo di Riferimento"],
      stock: (.Disponibilita // ""
        | if test("^non disponibile$"; "i") then 0 elif test("^[0-9]+$") then . else null end),
      weight: ((.Peso | grams) // null),
      options: (if $group then {Offerta: .Nome} else {} end)
    }]
  }
| shown
