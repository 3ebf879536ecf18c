{id: .Art, title: .Name, price: ."column 7", meta: {barcode: .EAN}}
