"""The endpoints under `/admin`, and those that write in several steps."""

from collections.abc import Generator, Sequence
from random import Random
from typing import Any, TypeVar

from tests.harness.fake_medusa import schemas
from tests.harness.fake_medusa.call import Call
from tests.harness.fake_medusa.creation import Creation
from tests.harness.fake_medusa.errors import not_found
from tests.harness.fake_medusa.inventory import LevelBatch
from tests.harness.fake_medusa.options import OptionBatch
from tests.harness.fake_medusa.price_lists import (
    ListPriceCreation,
    ListPriceDeletion,
    ListPriceRevision,
    price_list,
)
from tests.harness.fake_medusa.reads import Reads
from tests.harness.fake_medusa.revision import Deletion, Revision
from tests.harness.fake_medusa.state import Product, State
from tests.harness.fake_medusa.steps import Work, run
from tests.harness.fake_medusa.validation import validate
from tests.harness.fake_medusa.variant_changes import VariantDeletion, VariantRevision
from tests.harness.fake_medusa.variants import VariantCreation, product_for_variants
from tests.harness.fake_medusa.views import (
    LIST_PRICE_DEFAULTS,
    PRODUCT_DEFAULTS,
    VARIANT_DEFAULTS,
    Views,
    tree_of,
)
from tests.harness.fake_medusa.workflows import workflow
from tests.harness.fake_medusa.writes import Writes

T = TypeVar("T")
Steps = Generator[str, None, dict[str, Any]]
"""Yields the name of each committed step except the last."""


class Api:
    def __init__(self, state: State, random: Random) -> None:
        self._state = state
        self._random = random
        self._views = Views(state, random)
        self._reads = Reads(state, random, self._views)
        self._writes = Writes(state, self._views)

    def respond(self, call: Call) -> Steps:
        """Raises ApiError, or LookupError if the endpoint does not exist."""
        if call.method == "GET":
            return self._reads.respond(call)
        yield "accepted"
        match call.method, call.parts:
            case "POST", ["products", "batch"]:
                return (yield from self._product_batch(call))
            case "POST", ["products", product_id]:
                return (yield from self._update_product(call, product_id))
            case "DELETE", ["products", product_id]:
                yield from run([Deletion(self._state, [product_id])])
                return {"id": product_id, "object": "product", "deleted": True}
            case "POST", ["products", product_id, "options", "batch"]:
                validate(schemas.OPTION_BATCH, call.body)
                yield from run([OptionBatch(self._state, product_id, call.body)])
                return self._product(call, product_id)
            case "POST", ["products", product_id, "variants", "batch"]:
                return (yield from self._variant_batch(call, product_id))
            case "POST", ["products", product_id, "variants"]:
                validate(schemas.NEW_VARIANT, call.body)
                product = product_for_variants(self._state, product_id, [call.body])
                yield from run([VariantCreation(self._state, [(product, call.body)])])
                return self._product(call, product_id)
            case "POST", ["products", product_id, "variants", variant_id]:
                validate(schemas.VARIANT, call.body)
                if variant_id in self._state.variants():  # Medusa does not report an unknown one
                    yield from run([VariantRevision(self._state, [{**call.body, "id": variant_id}])])
                return self._product(call, product_id)
            case "DELETE", ["products", product_id, "variants", variant_id]:
                yield from run([VariantDeletion(self._state, [variant_id])])
                parent = self._product(call, product_id)["product"]
                return {"id": variant_id, "object": "variant", "deleted": True, "parent": parent}
            case "POST", ["price-lists", price_list_id, "prices", "batch"]:
                return (yield from self._list_price_batch(call, price_list_id))
            case "POST", ["workflows-executions", workflow_id, "run"]:
                return (yield from self._run_workflow(call, workflow_id))
            case "POST", ["inventory-items", "location-levels", "batch"]:
                return self._level_batch(call)
            case _:
                return self._writes.respond(call)

    def _product(self, call: Call, product_id: str) -> dict[str, Any]:
        product = self._state.products.get(product_id)
        if product is None:
            raise NotImplementedError("FakeMedusa does not show a product that does not exist")
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
        tree = call.tree(PRODUCT_DEFAULTS)
        return [self._views.product(product, tree) for product in self._shuffled(products)]

    def _shuffled(self, things: Sequence[T]) -> list[T]:
        return self._random.sample(things, len(things))

    def _update_product(self, call: Call, product_id: str) -> Steps:
        validate(schemas.PRODUCT, call.body)
        if product_id not in self._state.products:
            raise not_found(f'Product with id "{product_id}" not found')
        yield from run([Revision(self._state, [{**call.body, "id": product_id}])])
        return self._product(call, product_id)

    def _variant_batch(self, call: Call, product_id: str) -> Steps:
        validate(schemas.VARIANT_BATCH, call.body)
        state, bodies = self._state, call.body.get("create", [])
        product = product_for_variants(state, product_id, bodies) if bodies else None
        creation = VariantCreation(state, [(product, body) for body in bodies] if product else [])
        revision = VariantRevision(state, call.body.get("update", []))
        deleted = call.body.get("delete", [])
        parts: dict[str, Work] = {
            "create": creation,
            "update": revision,
            "delete": VariantDeletion(state, deleted),
        }
        yield from run([work for name, work in parts.items() if call.body.get(name)])
        return {
            "created": self._shown_variants(call, creation.ids),
            "updated": self._shown_variants(call, revision.ids),
            "deleted": {"ids": deleted, "object": "variant", "deleted": True},
        }

    def _shown_variants(self, call: Call, ids: list[str]) -> list[dict[str, Any]]:
        stored = self._state.variants()
        tree = call.tree(VARIANT_DEFAULTS)
        return [self._views.variant(stored[each], tree) for each in self._shuffled(ids) if each in stored]

    def _list_price_batch(self, call: Call, price_list_id: str) -> Steps:
        validate(schemas.LIST_PRICE_BATCH, call.body)
        state = self._state
        bodies = {name: call.body.get(name, []) for name in ("create", "update", "delete")}
        price_list(state, price_list_id)
        creation = ListPriceCreation(state, price_list_id, bodies["create"])
        revision = ListPriceRevision(state, price_list_id, bodies["update"])
        yield from run([creation, revision, ListPriceDeletion(state, bodies["delete"])])
        tree = tree_of(LIST_PRICE_DEFAULTS)
        return {
            "created": [self._views.list_price(price, tree) for price in self._shuffled(creation.prices)],
            "updated": [self._views.list_price(price, tree) for price in self._shuffled(revision.prices)],
            "deleted": {"ids": bodies["delete"], "object": "price", "deleted": True},
        }

    def _run_workflow(self, call: Call, workflow_id: str) -> Steps:
        validate(schemas.WORKFLOW, call.body)
        yield from run([workflow(self._state, workflow_id, call.body.get("input"))])
        acknowledgement = {
            "transactionId": self._state.ids.new("auto").replace("_", "-"),
            "workflowId": workflow_id,
            "hasFinished": True,
            "hasFailed": False,
        }
        return {"acknowledgement": acknowledgement}

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
