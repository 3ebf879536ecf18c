# FakeStoreAPI: https://fakestoreapi.com/products
# {"id": 1, "title": "...", "price": 109.95, "description": "...", "category": "men's clothing",
#  "image": "https://...", "rating": {"rate": 3.9, "count": 120}}
{
  id,
  title,
  description,
  price,
  categories: [.category | select(. != null) | [.]],
  images: [.image | select(. != null)],
  rating: .rating.rate
}
| shown
