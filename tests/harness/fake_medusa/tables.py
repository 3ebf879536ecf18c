"""Entities without relations: they are written in one step, and read in lists."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

from tests.harness.fake_medusa import schemas
from tests.harness.fake_medusa.errors import invalid_argument
from tests.harness.fake_medusa.rules import check_new_id, check_unique
from tests.harness.fake_medusa.state import (
    Category,
    Channel,
    Collection,
    Currency,
    Named,
    Region,
    State,
    Tag,
    Type,
)

Body = dict[str, Any]


class Table(NamedTuple):
    type_: type
    name: str
    """Of one in a response."""
    plural: str
    """Of a list in a response."""
    prefix: str
    """Of ids."""
    check: Any
    """Of the body of a new one."""
    unique: str = ""
    filters: str = "id name"
    searched: str = ""
    """The fields that `q` searches."""
    limit: int = 20
    is_setting: bool = False
    """The merchant renames and removes them, but those that the store uses by default."""

    def rows(self, state: State) -> dict[str, Any]:
        rows: dict[str, Any] = getattr(state, self.plural.removeprefix("product_"))
        return rows

    def create(self, state: State, body: Body) -> Any:
        row = self.type_(**{"id": state.ids.new(self.prefix), **body})
        if self.type_ is Collection and row.id in state.collections:
            raise NotImplementedError("FakeMedusa does not overwrite a collection")
        check_new_id(state, self.what, row.id, self.rows(state))
        return self.save(state, row)

    def save(self, state: State, row: Any) -> Any:
        rows = self.rows(state)
        parent_id = getattr(row, "parent_category_id", None)
        if parent_id is not None and parent_id not in rows:
            raise invalid_argument(f"Parent category with id: '{parent_id}' does not exist")
        if self.unique:
            stored = ((each.id, getattr(each, self.unique)) for each in rows.values())
            check_unique(self.what, self.unique, stored, [(row.id, getattr(row, self.unique))])
        rows[row.id] = row
        return row

    def update(self, state: State, own_id: str, body: Body) -> Any:
        return self.save(state, replace(self.rows(state)[own_id], **body))

    def delete(self, state: State, own_id: str) -> None:
        """Prices of a deleted region and levels of a deleted location stay in the store."""
        del self.rows(state)[own_id]
        for product in state.products.values():
            product.sales_channel_ids = [each for each in product.sales_channel_ids if each != own_id]
        for channel in state.sales_channels.values():
            channel.location_ids = [each for each in channel.location_ids if each != own_id]

    @property
    def what(self) -> str:
        """In messages."""
        name = "product_collection" if self.type_ is Collection else self.name
        return name.replace("_", " ").capitalize()


TABLES: Final = {
    "product-categories": Table(
        *(Category, "product_category", "product_categories", "pcat", schemas.NEW_CATEGORY, "handle"),
        *("id handle", "name handle description", 50),
    ),
    "product-tags": Table(
        *(Tag, "product_tag", "product_tags", "ptag", schemas.VALUE, "value", "id value", "value")
    ),
    "product-types": Table(
        *(Type, "product_type", "product_types", "ptyp", schemas.VALUE, "value", "id value", "value", 10)
    ),
    "collections": Table(
        *(Collection, "collection", "collections", "pcol", schemas.COLLECTION, "handle"),
        *("id title handle", "title", 10),
    ),
    "sales-channels": Table(
        Channel, "sales_channel", "sales_channels", "sc", schemas.CHANNEL, is_setting=True
    ),
    "stock-locations": Table(
        Named, "stock_location", "stock_locations", "sloc", schemas.NAMED, is_setting=True
    ),
    "regions": Table(
        *(Region, "region", "regions", "reg", schemas.REGION),
        filters="id name currency_code",
        limit=50,
        is_setting=True,
    ),
    "shipping-profiles": Table(
        *(Named, "shipping_profile", "shipping_profiles", "sp", schemas.PROFILE), filters="id name type"
    ),
}


def update_category(state: State, category_id: str, body: Body) -> Category:
    if category_id not in state.categories:
        raise NotImplementedError("FakeMedusa updates only categories that exist")
    updated = replace(state.categories[category_id], **body)
    TABLES["product-categories"].save(state, updated)
    return updated


def serve(state: State, location_id: str, body: Body) -> None:
    """Let a stock location serve sales channels, or no longer serve them."""
    for channel in map(state.sales_channels.__getitem__, (*body.get("add", ()), *body.get("remove", ()))):
        others = [each for each in channel.location_ids if each != location_id]
        channel.location_ids = [*others, location_id] if channel.id in body.get("add", ()) else others


def set_up(state: State, body: Body) -> None:
    """Change what the store as a whole supports."""
    if (locales := body.get("supported_locales")) is not None:
        state.locales = [each["locale_code"] for each in locales]
    if (currencies := body.get("supported_currencies")) is not None:
        known = {each.currency_code: each.id for each in state.store.supported_currencies}
        state.store.supported_currencies = [
            Currency(known.get(each["currency_code"]) or state.ids.new("stocur"), **each)
            for each in currencies
        ]
