# The feed of Google Ads for custom dynamic remarketing: an item for each pair of ID and ID2.
{
  id: ([.ID, (.ID2 // "")] | map(filled) | join("-")),
  title: .["Item title"],
  subtitle: .["Item subtitle"],
  description: .["Item description"],
  categories: [.["Item category"] | filled | [splits(" *> *")]],
  images: [.["Image URL"] | filled],
  price: .Price,
  salePrice: .["Sale price"],
  sku: .ID
}
| shown
