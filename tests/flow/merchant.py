"""What a merchant does in the admin."""

from typing import Any

from tests.flow.stage import BATCHES, SOURCE_NAME
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item, Level, Product

Json = dict[str, Any]


def edit(store: FakeMedusa, product: Product | object, path: str = "", **body: Any) -> None:
    """Edit a product, which may be named by its id at the source."""
    store.call("POST", f"/admin/products/{_product(store, product).id}{path}", body)


def edit_variant(store: FakeMedusa, product: Product | object, place: int | str = 0, **changes: Any) -> None:
    """Edit a variant, which is named by its place or SKU."""
    variants = _product(store, product).variants
    own = variants[place] if isinstance(place, int) else next(each for each in variants if each.sku == place)
    edit(store, product, f"/variants/{own.id}", **changes)


def set_prices(store: FakeMedusa, product: Product | object, *more: Json, **changes: Any) -> None:
    """Change the price of the first variant, and add others; all are sent, as the admin does."""
    first, *others = [
        {"id": each.id, "currency_code": each.currency_code, "amount": each.amount}
        for each in _product(store, product).variants[0].prices
    ]
    edit_variant(store, product, prices=[first | changes, *others, *more])


def add_variant(store: FakeMedusa, product: Product | object, values: dict[str, str], **fields: Any) -> None:
    """Add a variant, and the option values that it needs."""
    for option in _product(store, product).options:
        value = values[option.title]
        if value not in {each.value for each in option.values}:
            edit(
                *(store, product, "/options/batch"),
                update=[{"product_option_id": option.id, "add": [{"value": value}]}],
            )
    body = {"title": "Theirs", "options": values, "prices": []} | fields
    edit(store, product, "/variants/batch", create=[body])


def delete_variants(store: FakeMedusa, product: Product | object, *ids: str) -> None:
    edit(store, product, "/variants/batch", delete=list(ids))


def add_image(store: FakeMedusa, product: Product | object, url: str) -> None:
    kept = [{"id": image.id, "url": image.url} for image in _product(store, product).images]
    edit(store, product, images=[*kept, {"url": url}])


def add_tag(store: FakeMedusa, product: Product | object, value: str) -> None:
    tag_id = store.call("POST", "/admin/product-tags", {"value": value})["product_tag"]["id"]
    edit(store, product, tags=[{"id": each} for each in (*_product(store, product).tag_ids, tag_id)])


def create(store: FakeMedusa, title: str, *skus: str, variant: Any = None, **fields: Any) -> str:
    """Create a product with a variant for each SKU, or with one that has none; returns its id."""
    values = list(skus) or ["A"]
    variants = [
        {"title": value, "options": {"Kind": value}, "prices": [], "manage_inventory": False}
        | ({"sku": value} if skus else {})
        | (variant or {})
        for value in values
    ]
    body = {"title": title, "options": [{"title": "Kind", "values": values}], "variants": variants, **fields}
    return str(store.call("POST", BATCHES, {"create": [body]})["created"][0]["id"])


def left_over(
    store: FakeMedusa, sku: str, quantity: int | None = None, *levels: Level, item_id: str = "iitem_left"
) -> Item:
    """An inventory item that no variant uses, with stock at our location or elsewhere."""
    here = [] if quantity is None else [Level(f"ilev_of_{item_id}", store.location_id, quantity)]
    item = store.state.items[item_id] = Item(item_id, sku, "Left over", levels=[*here, *levels])
    return item


def use_in_a_kit(store: FakeMedusa, item: Item) -> str:
    """Create a product that consists of several of an item; returns its id."""
    parts = [{"inventory_item_id": item.id, "required_quantity": 3}]
    return create(store, "Kit", variant={"inventory_items": parts, "manage_inventory": True})


def _product(store: FakeMedusa, product: Product | object) -> Product:
    return product if isinstance(product, Product) else store.products[f"{SOURCE_NAME}:{product}"]
