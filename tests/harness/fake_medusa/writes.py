"""The endpoints under `/admin` that write in one step."""

from typing import Any

from tests.harness.fake_medusa import schemas, tables
from tests.harness.fake_medusa.call import Call
from tests.harness.fake_medusa.inventory import create_item, delete_item, link_item, reserve, update_item
from tests.harness.fake_medusa.options import delete_value, rename_option, rename_value
from tests.harness.fake_medusa.price_lists import create_price_list, delete_price_list, update_price_list
from tests.harness.fake_medusa.state import State
from tests.harness.fake_medusa.validation import validate
from tests.harness.fake_medusa.views import OPTION_DEFAULTS, Views


class Writes:
    def __init__(self, state: State, views: Views) -> None:
        self._state = state
        self._views = views

    def respond(self, call: Call) -> dict[str, Any]:
        """Raises LookupError if the endpoint does not exist."""
        for respond in (self._options, self._taxonomy, self._price_lists, self._inventory, self._placement):
            response = respond(call)
            if response is not None:
                return response
        raise LookupError(call.path)

    def _options(self, call: Call) -> dict[str, Any] | None:
        state, views, body = self._state, self._views, call.body
        match call.method, call.parts:
            case "POST", ["product-options", option_id]:
                validate(schemas.OPTION, body)
                option = rename_option(state, option_id, body)
                return {"product_option": views.option(option, call.tree(OPTION_DEFAULTS))}
            case "POST", ["product-options", option_id, "values", value_id]:
                validate(schemas.OPTION_VALUE, body)
                value = rename_value(state, option_id, value_id, body)
                return {"product_option_value": views.value(value, call.tree())}
            case "DELETE", ["product-options", option_id, "values", value_id]:
                delete_value(state, option_id, value_id)
                return {"id": value_id, "object": "product_option_value", "deleted": True}
        return None

    def _taxonomy(self, call: Call) -> dict[str, Any] | None:
        state, views, body = self._state, self._views, call.body
        match call.method, call.parts:
            case "POST", ["product-categories"]:
                validate(schemas.NEW_CATEGORY, body)
                category = tables.create_category(state, body)
                return {"product_category": views.category(category, call.tree())}
            case "POST", ["product-categories", category_id]:
                validate(schemas.CATEGORY, body)
                updated = tables.update_category(state, category_id, body)
                return {"product_category": views.category(updated, call.tree())} if updated else {}
            case "POST", ["product-tags"]:
                validate(schemas.NEW_TAG, body)
                return {"product_tag": views.tag(tables.create_tag(state, body), call.tree())}
            case "POST", ["product-types"]:
                validate(schemas.NEW_TYPE, body)
                return {"product_type": views.type(tables.create_type(state, body), call.tree())}
            case "POST", ["product-types", type_id]:
                validate(schemas.TYPE, body)
                return {"product_type": views.type(tables.update_type(state, type_id, body), call.tree())}
            case "POST", ["collections"]:
                validate(schemas.NEW_COLLECTION, body)
                collection = tables.create_collection(state, body)
                return {"collection": views.collection(collection, call.tree())}
            case "POST", ["collections", collection_id]:
                validate(schemas.COLLECTION, body)
                collection = tables.update_collection(state, collection_id, body)
                return {"collection": views.collection(collection, call.tree())}
            case "DELETE", [
                ("product-tags" | "product-types" | "collections" | "product-categories") as kind,
                key,
            ]:
                return self._delete_term(kind, key)
        return None

    def _delete_term(self, kind: str, term_id: str) -> dict[str, Any]:
        state = self._state
        tables_by_kind: dict[str, tuple[dict[str, Any], str]] = {
            "product-tags": (state.tags, "product_tag"),
            "product-types": (state.types, "product_type"),
            "collections": (state.collections, "collection"),
            "product-categories": (state.categories, "product_category"),
        }
        table, name = tables_by_kind[kind]
        tables.delete_term(state, table, term_id)
        return {"id": term_id, "object": name, "deleted": True}

    def _price_lists(self, call: Call) -> dict[str, Any] | None:
        state, views, body = self._state, self._views, call.body
        match call.method, call.parts:
            case "POST", ["price-lists"]:
                validate(schemas.NEW_PRICE_LIST, body)
                return {"price_list": views.price_list(create_price_list(state, body), call.tree())}
            case "POST", ["price-lists", price_list_id]:
                validate(schemas.PRICE_LIST, body)
                updated_list = update_price_list(state, price_list_id, body)
                return {"price_list": views.price_list(updated_list, call.tree())}
            case "DELETE", ["price-lists", price_list_id]:
                delete_price_list(state, price_list_id)
                return {"id": price_list_id, "object": "price_list", "deleted": True}
        return None

    def _inventory(self, call: Call) -> dict[str, Any] | None:
        state, views, body = self._state, self._views, call.body
        match call.method, call.parts:
            case "POST", ["inventory-items"]:
                validate(schemas.ITEM, body)
                item = create_item(state, body)
                return {"inventory_item": views.item(item, call.tree("*,location_levels.*"))}
            case "POST", ["products", _, "variants", variant_id, "inventory-items"]:
                validate(schemas.ITEM_LINK, body)
                link_item(state, variant_id, body)
                return {"variant": views.variant(state.variants()[variant_id], call.tree("id"))}
            case "POST", ["inventory-items", item_id]:
                validate(schemas.ITEM, body)
                item = update_item(state, item_id, body)
                return {"inventory_item": views.item(item, call.tree("*,location_levels.*"))}
            case "DELETE", ["inventory-items", item_id]:
                delete_item(state, item_id)
                return {"id": item_id, "object": "inventory_item", "deleted": True}
            case "POST", ["reservations"]:
                validate(schemas.RESERVATION, body)
                return {"reservation": {"id": state.ids.new("resitem"), **reserve(state, body)}}
        return None

    def _placement(self, call: Call) -> dict[str, Any] | None:
        state, views, body = self._state, self._views, call.body
        match call.method, call.parts:
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
        return None
