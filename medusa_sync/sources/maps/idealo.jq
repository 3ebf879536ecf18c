# The CSV feed of idealo: an offer is a product.
{
  id: .sku,
  sku,
  title,
  description,
  brand,
  price,
  compareAtPrice: .formerPrice,
  categories: [.categoryPath | filled | [splits(" *(>|»|;) *")]],
  images: [.imageUrls, .imageUrl | filled | splits("[;,|] *(?=https?:)")],
  meta: {barcode: [(.eans // .ean // "") | splits("[;,|] *")][0]},
  metadata: ({mpn: .hans, colour, size} | map_values(filled))
}
| shown
