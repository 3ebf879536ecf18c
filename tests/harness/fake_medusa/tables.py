"""Categories, tags, types, collections, sales channels and stock locations."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from tests.harness.fake_medusa.errors import ApiError, already_exists, invalid_argument
from tests.harness.fake_medusa.rules import check_new_id, handle_of_name, reject_nul
from tests.harness.fake_medusa.state import Category, Collection, Named, State, Tag, Type

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
    return _save_category(state, category)


def update_category(state: State, category_id: str, body: Body) -> Category:
    if category_id not in state.categories:
        raise NotImplementedError("FakeMedusa updates only categories that exist")
    return _save_category(state, replace(state.categories[category_id], **body))


def _save_category(state: State, category: Category) -> Category:
    reject_nul([category.name, category.handle, category.description, category.metadata])
    parent_id = category.parent_category_id
    if parent_id is not None and parent_id not in state.categories:
        raise invalid_argument(f"Parent category with id: '{parent_id}' does not exist")
    others = (other for other in state.categories.values() if other.id != category.id)
    if any(other.handle == category.handle for other in others):
        raise already_exists("Product category", handle=category.handle)
    state.categories[category.id] = category
    return category


def create_tag(state: State, body: Body) -> Tag:
    return _create_value(state, state.tags, "Product tag", Tag(**{"id": state.ids.new("ptag"), **body}))


def create_type(state: State, body: Body) -> Type:
    return _create_value(state, state.types, "Product type", Type(**{"id": state.ids.new("ptyp"), **body}))


V = TypeVar("V", Tag, Type)


def _create_value(state: State, table: dict[str, V], what: str, created: V) -> V:
    check_new_id(state, what, created.id, table)
    reject_nul([created.value, created.metadata])
    if any(other.value == created.value for other in table.values()):
        raise already_exists(what, value=created.value)
    table[created.id] = created
    return created


def create_collection(state: State, body: Body) -> Collection:
    created = Collection(
        body.get("id") or state.ids.new("pcol"),
        body["title"],
        body.get("handle") or handle_of_name(body["title"]),
        body.get("metadata"),
    )
    if created.id in state.collections:
        raise NotImplementedError("FakeMedusa does not overwrite a collection")
    reject_nul([created.title, created.handle, created.metadata])
    if any(other.handle == created.handle for other in state.collections.values()):
        raise already_exists("Product collection", handle=created.handle)
    state.collections[created.id] = created
    return created


def create_channel(state: State, body: Body) -> Named:
    return _create_named(state.sales_channels, Named(state.ids.new("sc"), **body))


def create_location(state: State, body: Body) -> Named:
    return _create_named(state.stock_locations, Named(state.ids.new("sloc"), **body))


def _create_named(table: dict[str, Named], created: Named) -> Named:
    reject_nul([created.name, created.metadata])
    table[created.id] = created
    return created
