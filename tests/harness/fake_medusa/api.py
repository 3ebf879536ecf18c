"""The endpoints under `/admin`."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.harness.fake_medusa import schemas, tables
from tests.harness.fake_medusa.creation import Creation, add_variants, given_items, link_items, make_items
from tests.harness.fake_medusa.errors import ApiError, no_such_entity, not_found
from tests.harness.fake_medusa.inventory import LevelBatch, update_item
from tests.harness.fake_medusa.lists import listed
from tests.harness.fake_medusa.pricing import new_prices
from tests.harness.fake_medusa.revision import Deletion, Revision
from tests.harness.fake_medusa.rules import merged
from tests.harness.fake_medusa.state import Named, Product, State
from tests.harness.fake_medusa.steps import Work, run
from tests.harness.fake_medusa.validation import validate
from tests.harness.fake_medusa.views import PRODUCT_DEFAULTS, Tree, Views, tree_of

Steps = Generator[str, None, dict[str, Any]]
"""Yields the name of each committed step except the last."""


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any

    def tree(self, default: str = "*") -> Tree:
        return tree_of(dict(self.query).get("fields", default))


class Api:
    def __init__(self, state: State, random: Random) -> None:
        self._state = state
        self._random = random
        self._views = Views(state, random)

    def respond(self, call: Call) -> Steps:
        """Raises ApiError, or LookupError if the endpoint does not exist."""
        if call.method == "GET":
            return self._read(call)
        yield "accepted"
        match call.method, call.path.split("/")[2:]:
            case "POST", ["products", "batch"]:
                return (yield from self._product_batch(call))
            case "POST", ["products", product_id]:
                return (yield from self._update_product(call, product_id))
            case "DELETE", ["products", product_id]:
                yield from run([Deletion(self._state, [product_id])])
                return {"id": product_id, "object": "product", "deleted": True}
            case "POST", ["products", product_id, "options", "batch"]:
                return self._add_option_values(call, product_id)
            case "POST", ["products", product_id, "variants"]:
                return self._create_variant(call, product_id)
            case "POST", ["products", product_id, "variants", variant_id]:
                return self._update_variant(call, product_id, variant_id)
            case "POST", ["inventory-items", "location-levels", "batch"]:
                return self._level_batch(call)
            case _:
                return self._write_table(call)

    # --- reads ---

    def _read(self, call: Call) -> dict[str, Any]:
        state, views = self._state, self._views
        match call.path.split("/")[2:]:
            case ["products"]:
                return listed(
                    call.query,
                    state.products.values(),
                    {
                        "id": lambda product: [product.id],
                        "external_id": lambda product: [product.external_id],
                        "handle": lambda product: [product.handle],
                        "variants[sku]": lambda product: [variant.sku for variant in product.variants],
                    },
                    lambda product: views.product(product, call.tree(PRODUCT_DEFAULTS)),
                    name="products",
                    random=self._random,
                    limit=50,
                    ignores_unknown=True,
                )
            case ["products", product_id]:
                if product_id not in state.products:
                    raise not_found("Product not found")
                return self._product(call, product_id)
            case ["product-categories"]:
                return listed(
                    call.query,
                    state.categories.values(),
                    {"id": lambda category: [category.id], "handle": lambda category: [category.handle]},
                    lambda category: views.category(category, call.tree()),
                    name="product_categories",
                    random=self._random,
                    limit=50,
                    searched=lambda category: [category.name, category.handle, category.description],
                )
            case ["product-tags"]:
                return listed(
                    call.query,
                    state.tags.values(),
                    {"id": lambda tag: [tag.id], "value": lambda tag: [tag.value]},
                    lambda tag: views.tag(tag, call.tree()),
                    name="product_tags",
                    random=self._random,
                    searched=lambda tag: [tag.value],
                )
            case ["inventory-items"]:
                return listed(
                    call.query,
                    state.live_items(),
                    {"id": lambda item: [item.id], "sku": lambda item: [item.sku]},
                    lambda item: views.item(item, call.tree("*,location_levels.*")),
                    name="inventory_items",
                    random=self._random,
                    searched=lambda item: [item.sku, item.title],
                )
            case ["sales-channels"]:
                return self._named(call, state.sales_channels, "sales_channels")
            case ["shipping-profiles"]:
                return self._named(call, state.shipping_profiles, "shipping_profiles")
            case ["stock-locations"]:
                return self._named(call, state.stock_locations, "stock_locations")
            case ["stores"]:
                return listed(
                    call.query,
                    [state.store],
                    {"id": lambda store: [store.id], "name": lambda store: [store.name]},
                    lambda store: views.store(store, call.tree("*,supported_currencies.*")),
                    name="stores",
                    random=self._random,
                    limit=50,
                )
        raise LookupError(call.path)

    def _named(self, call: Call, table: dict[str, Named], name: str) -> dict[str, Any]:
        filters: dict[str, Callable[[Named], list[str | None]]] = {
            "id": lambda named: [named.id],
            "name": lambda named: [named.name],
        }
        if name == "shipping_profiles":
            filters["type"] = lambda named: [named.type]
        return listed(
            call.query,
            table.values(),
            filters,
            lambda named: self._views.named(named, call.tree()),
            name=name,
            random=self._random,
        )

    def _product(self, call: Call, product_id: str) -> dict[str, Any]:
        product = self._state.products[product_id]
        return {"product": self._views.product(product, call.tree(PRODUCT_DEFAULTS))}

    # --- writes ---

    def _product_batch(self, call: Call) -> Steps:
        validate(schemas.PRODUCT_BATCH, call.body)
        creation = Creation(self._state, call.body.get("create", []))
        revision = Revision(self._state, call.body.get("update", []))
        deleted = call.body.get("delete", [])
        deletion = Deletion(self._state, deleted)
        parts: dict[str, Work] = {"create": creation, "update": revision, "delete": deletion}
        yield from run([work for name, work in parts.items() if call.body.get(name)])
        return {
            "created": self._shown(call, creation.products),
            "updated": self._shown(call, revision.products),
            "deleted": {"ids": deleted, "object": "product", "deleted": True},
        }

    def _shown(self, call: Call, products: list[Product]) -> list[dict[str, Any]]:
        shuffled = self._random.sample(products, len(products))
        return [self._views.product(product, call.tree(PRODUCT_DEFAULTS)) for product in shuffled]

    def _update_product(self, call: Call, product_id: str) -> Steps:
        validate(schemas.PRODUCT, call.body)
        if product_id not in self._state.products:
            raise not_found(f'Product with id "{product_id}" not found')
        yield from run([Revision(self._state, [{**call.body, "id": product_id}])])
        return self._product(call, product_id)

    def _add_option_values(self, call: Call, product_id: str) -> dict[str, Any]:
        validate(schemas.OPTION_BATCH, call.body)
        options = {option.id: option for option in self._state.products[product_id].options}
        for body in call.body.get("update", []):
            options[body["product_option_id"]].values += [added["value"] for added in body.get("add", [])]
        return self._product(call, product_id)

    def _create_variant(self, call: Call, product_id: str) -> dict[str, Any]:
        validate(schemas.NEW_VARIANT, call.body)
        if product_id not in self._state.products:
            raise no_such_entity("product_id", product_id)
        product = self._state.products[product_id]
        (variant,) = add_variants(self._state, [(product, call.body)])
        is_bare = variant.manage_inventory and "inventory_items" not in call.body
        try:
            link_items(self._state, make_items(self._state, [variant] if is_bare else []))
        except ApiError:
            product.variants.remove(variant)
            raise
        link_items(self._state, given_items(self._state, {variant.id: call.body}))
        variant.prices = new_prices(call.body["prices"], self._state.ids)
        variant.has_price_set = True
        return self._product(call, product_id)

    def _update_variant(self, call: Call, product_id: str, variant_id: str) -> dict[str, Any]:
        validate(schemas.VARIANT, call.body)
        before = self._state.products[product_id]
        stored = next((variant for variant in before.variants if variant.id == variant_id), None)
        if stored is None:
            return self._product(call, product_id)  # Medusa does not report it
        body = {**call.body, "id": variant_id}
        if "metadata" in body:
            body["metadata"] = merged(stored.metadata, body["metadata"])
        others = [{"id": variant.id} for variant in before.variants if variant is not stored]
        untouched = before.copy()
        try:
            for _ in run([Revision(self._state, [{"id": product_id, "variants": [body, *others]}])]):
                pass
        except ApiError:
            self._state.products[product_id] = untouched
            raise
        return self._product(call, product_id)

    def _level_batch(self, call: Call) -> dict[str, Any]:
        validate(schemas.LEVEL_BATCH, call.body)
        batch = LevelBatch(self._state, call.body)
        batch.write()
        deleted = {"deleted": call.body["delete"]} if "delete" in call.body else {}
        return {
            "created": [self._views.level(item, level) for item, level in batch.created],
            "updated": [self._views.level(item, level) for item, level in batch.updated],
            **deleted,
        }

    def _write_table(self, call: Call) -> dict[str, Any]:
        state, views, body = self._state, self._views, call.body
        match call.method, call.path.split("/")[2:]:
            case "POST", ["product-categories"]:
                validate(schemas.NEW_CATEGORY, body)
                category = tables.create_category(state, body)
                return {"product_category": views.category(category, call.tree())}
            case "POST", ["product-categories", category_id]:
                validate(schemas.CATEGORY, body)
                updated = tables.update_category(state, category_id, body)
                return {"product_category": views.category(updated, call.tree())} if updated else {}
            case "POST", ["inventory-items", item_id]:
                validate(schemas.ITEM, body)
                item = update_item(state, item_id, body)
                return {"inventory_item": views.item(item, call.tree("*,location_levels.*"))}
            case "POST", ["product-tags"]:
                validate(schemas.NEW_TAG, body)
                return {"product_tag": views.tag(tables.create_tag(state, body), call.tree())}
            case "POST", ["sales-channels"]:
                validate(schemas.NEW_SALES_CHANNEL, body)
                channel = tables.create_named(state, state.sales_channels, "sc", body)
                return {"sales_channel": views.named(channel, call.tree())}
            case "POST", ["shipping-profiles"]:
                validate(schemas.NEW_SHIPPING_PROFILE, body)
                profile = tables.create_named(state, state.shipping_profiles, "sp", body)
                return {"shipping_profile": views.named(profile, call.tree())}
            case "POST", ["stock-locations"]:
                validate(schemas.NEW_STOCK_LOCATION, body)
                location = tables.create_named(state, state.stock_locations, "sloc", body)
                return {"stock_location": views.named(location, call.tree())}
            case "POST", ["stores", store_id]:
                validate(schemas.STORE, body)
                tables.update_store(state, store_id, body)
                return {"store": views.store(state.store, call.tree("*,supported_currencies.*"))}
        raise LookupError(call.path)
