"""Categories, tags, types, collections, placement, and the settings of the store."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.harness.fake_medusa.errors import (
    already_exists,
    invalid_argument,
    invalid_data,
    not_found,
    unknown_error,
)
from tests.harness.fake_medusa.rules import handle_of_name, reject_nul
from tests.harness.fake_medusa.state import Category, Collection, Currency, Named, State, Tag, Type

Body = dict[str, Any]


def create_category(state: State, body: Body) -> Category:
    handle = body.get("handle", handle_of_name(body["name"]))
    category = Category(state.ids.new("pcat"), **{**body, "handle": handle})
    _save_category(state, category)
    return category


def update_category(state: State, category_id: str, body: Body) -> Category | None:
    """Medusa reports no error if the category does not exist."""
    stored = state.categories.get(category_id)
    if stored is None:
        return None
    category = replace(stored, **body)
    _save_category(state, category)
    return category


def _save_category(state: State, category: Category) -> None:
    reject_nul([category.name, category.handle, category.description, category.metadata])
    parent_id = category.parent_category_id
    if parent_id is not None and parent_id not in state.categories:
        raise invalid_argument(f"Parent category with id: '{parent_id}' does not exist")
    others = (other for other in state.categories.values() if other.id != category.id)
    if any(other.handle == category.handle for other in others):
        raise already_exists("Product category", handle=category.handle)
    state.categories[category.id] = category


def create_tag(state: State, body: Body) -> Tag:
    tag = Tag(state.ids.new("ptag"), **body)
    reject_nul([tag.value, tag.metadata])
    if any(other.value == tag.value for other in state.tags.values()):
        raise already_exists("Product tag", value=tag.value)
    state.tags[tag.id] = tag
    return tag


def create_type(state: State, body: Body) -> Type:
    return _save_type(state, Type(state.ids.new("ptyp"), **body))


def update_type(state: State, type_id: str, body: Body) -> Type:
    if type_id not in state.types:
        raise not_found(f'Product type with id "{type_id}" not found')
    return _save_type(state, replace(state.types[type_id], **body))


def _save_type(state: State, saved: Type) -> Type:
    reject_nul([saved.value, saved.metadata])
    if any(other.value == saved.value for other in state.types.values() if other.id != saved.id):
        raise already_exists("Product type", value=saved.value)
    state.types[saved.id] = saved
    return saved


def create_collection(state: State, body: Body) -> Collection:
    handle = body.get("handle") or handle_of_name(body["title"])
    return _save_collection(state, Collection(state.ids.new("pcol"), **{**body, "handle": handle}))


def update_collection(state: State, collection_id: str, body: Body) -> Collection:
    if collection_id not in state.collections:
        raise not_found(f'Collection with id "{collection_id}" not found')
    return _save_collection(state, replace(state.collections[collection_id], **body))


def _save_collection(state: State, saved: Collection) -> Collection:
    reject_nul([saved.title, saved.handle, saved.metadata])
    if any(other.handle == saved.handle for other in state.collections.values() if other.id != saved.id):
        raise already_exists("Product collection", handle=saved.handle)
    state.collections[saved.id] = saved
    return saved


def create_named(state: State, table: dict[str, Named], prefix: str, body: Body) -> Named:
    if "name" not in body:
        raise unknown_error()  # Medusa trims the name of a location before it checks for one
    name = body["name"].strip() if prefix == "sloc" else body["name"]
    reject_nul(body)
    named = Named(state.ids.new(prefix), **{**body, "name": name})
    table[named.id] = named
    return named


def update_store(state: State, store_id: str, body: Body) -> None:
    store = state.store
    if store_id != store.id:
        raise not_found(f'Store with id "{store_id}" not found')
    changes: Mapping[str, Any] = {
        name: value for name, value in body.items() if name != "supported_currencies"
    }
    reject_nul(dict(changes))
    currencies = store.supported_currencies
    if "supported_currencies" in body:
        currencies = _currencies(state, body["supported_currencies"])
    state.store = replace(store, **changes, supported_currencies=currencies)


def _currencies(state: State, bodies: Iterable[Body]) -> list[Currency]:
    currencies = [
        Currency(state.ids.new("stocur"), body["currency_code"].lower(), body.get("is_default", False))
        for body in bodies
    ]
    if currencies and not any(currency.is_default for currency in currencies):
        raise invalid_data("There should be a default currency set for the store")
    return currencies
