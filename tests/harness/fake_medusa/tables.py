"""Categories, tags, types, collections, placement, and the settings of the store."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from tests.harness.fake_medusa.errors import (
    ApiError,
    already_exists,
    invalid_argument,
    invalid_data,
    not_found,
    unknown_error,
)
from tests.harness.fake_medusa.rules import check_new_id, handle_of_name, reject_nul
from tests.harness.fake_medusa.state import Category, Collection, Currency, Named, State, Tag, Type

Body = dict[str, Any]
T = TypeVar("T")


def create_all(
    state: State, table: dict[str, T], create: Callable[[State, Body], T], bodies: Iterable[Body]
) -> None:
    """Create all of them, or none if one is refused."""
    before = dict(table)
    try:
        for body in bodies:
            create(state, body)
    except ApiError:
        table.clear()
        table.update(before)
        raise


def create_category(state: State, body: Body) -> Category:
    handle = body.get("handle", handle_of_name(body["name"]))
    category = Category(**{"id": state.ids.new("pcat"), **body, "handle": handle})
    check_new_id(state, "Product category", category.id, state.categories)
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
    tag = Tag(**{"id": state.ids.new("ptag"), **body})
    check_new_id(state, "Product tag", tag.id, state.tags)
    reject_nul([tag.value, tag.metadata])
    if any(other.value == tag.value for other in state.tags.values()):
        raise already_exists("Product tag", value=tag.value)
    state.tags[tag.id] = tag
    return tag


def create_type(state: State, body: Body) -> Type:
    created = Type(**{"id": state.ids.new("ptyp"), **body})
    check_new_id(state, "Product type", created.id, state.types)
    return _save_type(state, created)


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
    """Medusa changes a collection that has the id already, even a deleted one."""
    body = {**body, "handle": body.get("handle") or handle_of_name(body["title"])}
    if body.get("id") in state.deleted_ids:
        return Collection(**body)
    stored = state.collections.get(body.get("id", ""), Collection(state.ids.new("pcol"), "", ""))
    return _save_collection(state, replace(stored, **body))


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


def delete_term(state: State, table: dict[str, Any], term_id: str) -> None:
    """Delete a tag, type, collection or category; Medusa reports an unknown one only of categories."""
    if table is state.categories and term_id not in table:
        raise not_found(f"ProductCategory with id: {term_id} was not found")
    if any(category.parent_category_id == term_id for category in state.categories.values()):
        message = f"Deleting ProductCategory ({term_id}) with category children is not allowed"
        raise ApiError(400, "not_allowed", message)
    for product in state.products.values():
        if term_id in (product.type_id, product.collection_id):
            raise NotImplementedError("FakeMedusa does not delete a type or a collection that is in use")
        product.tag_ids = [tag_id for tag_id in product.tag_ids if tag_id != term_id]
        product.category_ids = [category_id for category_id in product.category_ids if category_id != term_id]
    if table.pop(term_id, None):
        state.deleted_ids.add(term_id)


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
