"""The endpoints under `/admin` that write; many of them in several steps, which others see."""

from collections.abc import Callable, Generator, Sequence
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from tests.harness.fake_medusa import files, inventory, schemas, tables
from tests.harness.fake_medusa.creation import Creation
from tests.harness.fake_medusa.errors import already_exists, not_found, unknown_error
from tests.harness.fake_medusa.options import OptionBatch, rename_option
from tests.harness.fake_medusa.pricing import ListPriceBatch, create_price_list, delete_price_list
from tests.harness.fake_medusa.reads import Call, Reads
from tests.harness.fake_medusa.revision import Deletion, Revision
from tests.harness.fake_medusa.schemas import validate
from tests.harness.fake_medusa.state import Product, State, Translation
from tests.harness.fake_medusa.steps import Work, run
from tests.harness.fake_medusa.variants import (
    VariantCreation,
    VariantDeletion,
    VariantRevision,
    product_for_variants,
)
from tests.harness.fake_medusa.views import LIST_PRICE_DEFAULTS, Tree, Views, tree_of
from tests.harness.fake_medusa.workflows import TextRevision, workflow

T = TypeVar("T")
Steps = Generator[str, None, dict[str, Any]]
"""Yields the name of each committed step except the last."""


class _Rows(NamedTuple):
    """Entities that are written in one step."""

    name: str
    """Of one in a response."""
    check: Any
    create: Callable[[State, Any], Any] | None = None
    update: Callable[[State, str, Any], Any] | None = None
    check_update: Any = None
    delete: Callable[[State, str], None] | None = None
    show: Callable[[Views, Any, Tree], dict[str, Any]] = Views.row


_ROWS: Final = {
    **{path: _Rows(table.name, table.check, table.create) for path, table in tables.TABLES.items()},
    "product-options": _Rows("product_option", schemas.OPTION, update=rename_option),
    "price-lists": _Rows("price_list", schemas.PRICE_LIST, create_price_list, delete=delete_price_list),
    "inventory-items": _Rows(
        *("inventory_item", schemas.ITEM, inventory.create_item, inventory.update_item),
        check_update=schemas.ITEM_CHANGE,
        delete=inventory.delete_item,
        show=Views.item,
    ),
    "reservations": _Rows(
        *("reservation", schemas.RESERVATION, inventory.reserve),
        delete=inventory.release,
        show=lambda _views, shown, _tree: shown,
    ),
}
_ROWS.update(
    {
        path: _ROWS[path]._replace(update=table.update, check_update=schemas.NAME, delete=table.delete)
        for path, table in tables.TABLES.items()
        if table.is_setting
    }
)
_ROWS["product-categories"] = _ROWS["product-categories"]._replace(
    update=tables.update_category, check_update=schemas.CATEGORY
)


class Api:
    def __init__(self, state: State, random: Random) -> None:
        self._state = state
        self._random = random
        self._views = Views(state, random)
        self._reads = Reads(state, random, self._views)

    def respond(self, call: Call) -> Steps:
        """Raises ApiError, or LookupError if the endpoint does not exist."""
        self._views.begin()
        if call.method == "GET":
            return self._reads.respond(call)
        yield "accepted"
        match call.method, call.parts:
            case "POST", ["products", "batch"]:
                return (yield from self._product_batch(call))
            case "POST", ["products", product_id]:
                validate(schemas.PRODUCT, call.body)
                if product_id not in self._state.products:
                    raise not_found(f'Product with id "{product_id}" not found')
                if _fails([call.body]):
                    raise unknown_error()
                yield from run(Revision(self._state, [{**call.body, "id": product_id}]))
                return self._product(call, product_id)
            case "DELETE", ["products", product_id]:
                yield from run(Deletion(self._state, [product_id]))
                return {"id": product_id, "object": "product", "deleted": True}
            case "POST", ["products", product_id, "options", "batch"]:
                validate(schemas.OPTION_BATCH, call.body)
                yield from run(OptionBatch(self._state, product_id, call.body))
                return self._product(call, product_id)
            case "POST", ["products", product_id, "variants", "batch"]:
                return (yield from self._variant_batch(call, product_id))
            case "POST", ["products", product_id, "variants"]:
                validate(schemas.NEW_VARIANT, call.body)
                product = product_for_variants(self._state, product_id, [call.body])
                yield from run(VariantCreation(self._state, [(product, call.body)]))
                return self._product(call, product_id)
            case "POST", ["products", product_id, "variants", variant_id]:
                validate(schemas.VARIANT, call.body)
                if variant_id in self._state.variants():  # Medusa does not report an unknown one
                    yield from run(VariantRevision(self._state, [{**call.body, "id": variant_id}]))
                return self._product(call, product_id)
            case "DELETE", ["products", _, "variants", variant_id]:
                yield from run(VariantDeletion(self._state, [variant_id]))
                return {"id": variant_id, "object": "variant", "deleted": True}
            case "POST", ["products", _, "variants", variant_id, "inventory-items"]:
                validate(schemas.ITEM_LINK, call.body)
                inventory.link_item(self._state, variant_id, call.body)
                return {"variant": {"id": variant_id}}
            case "POST", ["products", _, "variants", "inventory-items", "batch"]:
                validate(schemas.LINK_BATCH, call.body)
                inventory.change_links(self._state, call.body)
                return {"created": [], "updated": [], "deleted": []}
            case "POST", ["price-lists", price_list_id, "prices", "batch"]:
                return (yield from self._list_price_batch(call, price_list_id))
            case "POST", ["stock-locations", location_id, "sales-channels"]:
                validate(schemas.LINKS, call.body)
                tables.serve(self._state, location_id, call.body)
                location = self._state.stock_locations[location_id]
                return {"stock_location": self._views.row(location, call.tree())}
            case "POST", ["workflows-executions", workflow_id, "run"]:
                return (yield from self._run_workflow(call, workflow_id))
            case "POST", ["translations", "batch"] if self._state.has_translations:
                return self._write_translations(call)
            case _, ["uploads", *file_id]:
                return files.write(self._state, call.body, *file_id)
            case "POST", ["stores", _]:
                validate(schemas.STORE, call.body)
                tables.set_up(self._state, call.body)
                return {"store": {}}
            case "POST", ["inventory-items", "location-levels", "batch"]:
                validate(schemas.LEVEL_BATCH, call.body)
                batch = inventory.LevelBatch(self._state, call.body)
                batch.write()
                return {
                    "created": [self._views.level(item, level) for item, level in batch.created],
                    "updated": [self._views.level(item, level) for item, level in batch.updated],
                }
        return self._write_row(call)

    def _write_row(self, call: Call) -> dict[str, Any]:
        name, *key = call.parts
        rows = _ROWS.get(name)
        match call.method, key, rows:
            case "POST", [], _Rows(create=create) if create:
                validate(rows.check, call.body)
                return {rows.name: rows.show(self._views, create(self._state, call.body), call.tree())}
            case "POST", [own], _Rows(update=update) if update:
                validate(rows.check_update or rows.check, call.body)
                written = update(self._state, own, call.body)
                return {rows.name: rows.show(self._views, written, call.tree())}
            case "DELETE", [own], _Rows(delete=delete) if delete:
                delete(self._state, own)
                return {"id": own, "object": rows.name, "deleted": True}
        raise LookupError(call.path)

    def _product(self, call: Call, product_id: str) -> dict[str, Any]:
        product = self._state.products.get(product_id)
        if product is None:
            raise unknown_error()  # it was deleted meanwhile
        return {"product": self._views.product(product, call.tree())}

    def _product_batch(self, call: Call) -> Steps:
        validate(schemas.PRODUCT_BATCH, call.body)
        create, update, delete = (call.body.get(name, []) for name in ("create", "update", "delete"))
        creation, revision = Creation(self._state, create), Revision(self._state, update)
        yield from _run_parts(call, creation, revision, Deletion(self._state, delete))
        return {
            "created": self._shown(call, creation.products),
            "updated": self._shown(call, revision.products),
            "deleted": {"ids": delete, "object": "product", "deleted": True},
        }

    def _shown(self, call: Call, products: list[Product]) -> list[dict[str, Any]]:
        tree = call.tree()
        return [self._views.product(product, tree) for product in self._shuffled(products)]

    def _shuffled(self, things: Sequence[T]) -> list[T]:
        return self._random.sample(things, len(things))

    def _variant_batch(self, call: Call, product_id: str) -> Steps:
        validate(schemas.VARIANT_BATCH, call.body)
        state, bodies = self._state, call.body.get("create", [])
        product = product_for_variants(state, product_id, bodies) if bodies else None
        creation = VariantCreation(state, [(product, body) for body in bodies] if product else [])
        revision = VariantRevision(state, call.body.get("update", []))
        deleted = call.body.get("delete", [])
        yield from _run_parts(call, creation, revision, VariantDeletion(state, deleted))
        return {
            "created": self._shown_variants(call, creation.ids),
            "updated": self._shown_variants(call, revision.ids),
            "deleted": {"ids": deleted, "object": "variant", "deleted": True},
        }

    def _shown_variants(self, call: Call, ids: list[str]) -> list[dict[str, Any]]:
        stored = self._state.variants()
        tree = call.tree()
        return [self._views.variant(stored[each], tree) for each in self._shuffled(ids) if each in stored]

    def _list_price_batch(self, call: Call, price_list_id: str) -> Steps:
        validate(schemas.LIST_PRICE_BATCH, call.body)
        batch = ListPriceBatch(self._state, price_list_id, call.body)
        yield from run(batch)
        tree = tree_of(LIST_PRICE_DEFAULTS)
        return {
            "created": [self._views.list_price(price, tree) for price in self._shuffled(batch.created)],
            "updated": [self._views.list_price(price, tree) for price in self._shuffled(batch.updated)],
            "deleted": {"ids": call.body.get("delete", []), "object": "price", "deleted": True},
        }

    def _write_translations(self, call: Call) -> dict[str, Any]:
        """Medusa checks neither the product nor the locale, and refuses the whole call."""
        validate(schemas.TRANSLATION_BATCH, call.body)
        state, tree = self._state, tree_of("*")
        known, stored = {(each.reference_id, each.locale_code) for each in state.translations.values()}, []
        changed = TextRevision(state, call.body.get("update", []))
        changed.check()
        for body in call.body.get("create", []):
            key = body["reference_id"], body["locale_code"]
            if key in known:
                raise already_exists("Translation", reference_id=key[0], locale_code=key[1])
            known.add(key)
            stored.append(Translation(**{**body, "id": state.ids.new("trans")}))
        state.translations.update((each.id, each) for each in stored)
        changed.write()
        for own_id in call.body.get("delete", []):
            state.translations.pop(own_id, None)
        updated = [state.translations[body["id"]] for body in call.body.get("update", [])]
        return {
            "created": [self._views.translation(each, tree) for each in stored],
            "updated": [self._views.translation(each, tree) for each in updated],
            "deleted": {"ids": call.body.get("delete", []), "object": "translation", "deleted": True},
        }

    def _run_workflow(self, call: Call, workflow_id: str) -> Steps:
        validate(schemas.WORKFLOW, call.body)
        yield from run(workflow(self._state, workflow_id, call.body.get("input")))
        acknowledgement = {
            "transactionId": self._state.ids.new("auto").replace("_", "-"),
            "workflowId": workflow_id,
            "hasFinished": True,
            "hasFailed": False,
        }
        return {"acknowledgement": acknowledgement}


def _run_parts(call: Call, *works: Work) -> Generator[str, None, None]:
    """Run the part of a batch that is not empty, if there is one."""
    names = ("create", "update", "delete")
    parts = [work for name, work in zip(names, works, strict=True) if call.body.get(name)]
    if len(parts) > 1:
        raise NotImplementedError("FakeMedusa does not mix creations, updates and deletions in one call")
    for work in parts:
        yield from run(work)


def _fails(members: Sequence[Any]) -> bool:
    """Whether Medusa fails to find the relations in the members of a list: it reads the fields of each."""
    for each in members:
        values = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        lists = [value if isinstance(value, list) else [value] for value in values if value is not None]
        if each is None or any(map(_fails, lists)):
            return True
    return False
