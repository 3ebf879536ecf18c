"""Medusa's own workflows, which write many things at once."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.harness.fake_medusa import schemas, tables
from tests.harness.fake_medusa.creation import Creation
from tests.harness.fake_medusa.errors import ApiError, not_found, unknown_error
from tests.harness.fake_medusa.inventory import ItemCreation, update_items
from tests.harness.fake_medusa.state import State
from tests.harness.fake_medusa.steps import Steps, Work
from tests.harness.fake_medusa.validation import Check, array, fields, text
from tests.harness.fake_medusa.variant_changes import VariantDeletion, VariantRevision
from tests.harness.fake_medusa.variants import VariantCreation

Bodies = list[dict[str, Any]]


class _OneStep(Work):
    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write

    def steps(self) -> Steps:
        self._write()
        yield from ()


class _Masked(Work):
    """A workflow whose response is made of the results of its steps.

    Medusa makes it even if a step was refused. That fails if the result of an early step is missing, and
    hides why the step was refused.
    """

    def __init__(self, work: Work, last: str = "") -> None:
        self._work = work
        self._last = last
        """The name of the last of these steps, if others follow."""

    def steps(self) -> Steps:
        is_masked = True
        try:
            for step in self._work.steps():
                is_masked = is_masked and step != self._last
                yield step
        except ApiError as error:
            raise (unknown_error() if is_masked else error) from None

    def undo(self) -> None:
        self._work.undo()


def _new(path: str) -> Callable[[State, Bodies], Work]:
    """Creates entities of a table in one step."""
    table = tables.TABLES[path]
    return lambda state, bodies: _OneStep(lambda: table.create_all(state, bodies))


def _changed_items(state: State, bodies: Bodies) -> Work:
    return _OneStep(lambda: update_items(state, bodies))


def _new_products(state: State, bodies: Bodies) -> Work:
    return _Masked(Creation(state, bodies))


def _new_variants(state: State, bodies: Bodies) -> Work:
    if any(body["product_id"] not in state.products for body in bodies):
        raise unknown_error()
    wanted = [(state.products[body["product_id"]], body) for body in bodies]
    return _Masked(VariantCreation(state, wanted), "inventory")


def _changed_variants(state: State, bodies: Bodies) -> Work:
    return _Masked(VariantRevision(state, bodies), "variants")


_WORKFLOWS: Final[Mapping[str, tuple[str, Check, Callable[[State, Any], Work]]]] = {
    "create-product-tags": ("product_tags", schemas.VALUE_WITH_ID, _new("product-tags")),
    "create-product-types": ("product_types", schemas.VALUE_WITH_ID, _new("product-types")),
    "create-collections": ("collections", schemas.COLLECTION_WITH_ID, _new("collections")),
    "create-product-categories": (
        *("product_categories", schemas.CATEGORY_WITH_ID),
        _new("product-categories"),
    ),
    "create-inventory-items-workflow": ("items", schemas.ITEM_WITH_ID, ItemCreation),
    "update-inventory-items-workflow": ("updates", schemas.CHANGED_ITEM, _changed_items),
    "create-products": ("products", schemas.PRODUCT_WITH_ID, _new_products),
    "create-product-variants": ("product_variants", schemas.VARIANT_WITH_ID, _new_variants),
    "update-product-variants": ("product_variants", schemas.CHANGED_VARIANT, _changed_variants),
    "delete-product-variants": ("ids", text, VariantDeletion),
}
"""For each workflow, the name of its list, the check of a member, and the work."""


def workflow(state: State, workflow_id: str, given: Any) -> Work:
    """Medusa does not check the input, so the fake supports only one that is well-formed."""
    if workflow_id not in _WORKFLOWS:
        raise not_found(f"Workflow with id {json.dumps(workflow_id)} not found.")
    name, check, work = _WORKFLOWS[workflow_id]
    if problem := fields({name: array(check)}, required=[name])(given):
        raise NotImplementedError(f"FakeMedusa does not support this input of {workflow_id}: {problem}")
    members = given[name]
    ids = [member["id"] for member in members if "id" in member]
    if workflow_id.startswith("create-") and len(set(ids)) < len(ids):
        raise NotImplementedError("FakeMedusa does not create two things with one id in one call")
    return work(state, members)
