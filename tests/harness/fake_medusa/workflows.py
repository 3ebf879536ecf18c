"""Medusa's own workflows, which write many things at once."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from tests.harness.fake_medusa import schemas, tables
from tests.harness.fake_medusa.creation import Creation
from tests.harness.fake_medusa.errors import ApiError, not_found, unknown_error
from tests.harness.fake_medusa.inventory import ItemCreation, ItemRevision
from tests.harness.fake_medusa.state import State
from tests.harness.fake_medusa.steps import Steps, Work
from tests.harness.fake_medusa.variants import VariantCreation, VariantDeletion, VariantRevision

Bodies = list[dict[str, Any]]


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


class _Rows(Work):
    """Creates entities of a table in one step."""

    def __init__(self, path: str, state: State, bodies: Bodies) -> None:
        self._table = tables.TABLES[path]
        self._state = state
        self._bodies = bodies
        self._made: list[str] = []

    def steps(self) -> Steps:
        for body in self._bodies:
            self._made.append(self._table.create(self._state, body).id)
        yield from ()

    def undo(self) -> None:
        for own in self._made:
            del self._table.rows(self._state)[own]


class TextRevision(Work):
    """Merges texts of translations by field in one step."""

    def __init__(self, state: State, bodies: Bodies) -> None:
        self._known = state.translations
        self._bodies = bodies

    def steps(self) -> Steps:
        self.check()
        self.write()
        yield from ()

    def check(self) -> None:
        for body in self._bodies:
            if body["id"] not in self._known:
                raise not_found(f'Translation with id "{body["id"]}" not found')

    def write(self) -> None:
        for body in self._bodies:
            own = self._known[body["id"]]
            own.translations = {**own.translations, **body["translations"]}


def _new_variants(state: State, bodies: Bodies) -> Work:
    if any(body["product_id"] not in state.products for body in bodies):
        raise unknown_error()
    wanted = [(state.products[body["product_id"]], body) for body in bodies]
    return _Masked(VariantCreation(state, wanted), "inventory")


_WORKS: Final[Mapping[str, Callable[[State, Any], Work]]] = {
    "create-product-tags": partial(_Rows, "product-tags"),
    "create-product-types": partial(_Rows, "product-types"),
    "create-collections": partial(_Rows, "collections"),
    "create-product-categories": partial(_Rows, "product-categories"),
    "create-inventory-items-workflow": ItemCreation,
    "update-inventory-items-workflow": ItemRevision,
    "create-products": lambda state, bodies: _Masked(Creation(state, bodies)),
    "create-product-variants": _new_variants,
    "update-product-variants": lambda state, bodies: _Masked(VariantRevision(state, bodies), "variants"),
    "delete-product-variants": VariantDeletion,
    "update-translations": TextRevision,
}


def workflow(state: State, workflow_id: str, given: Any) -> Work:
    """Medusa does not check the input, so the fake supports only one that is well-formed."""
    if workflow_id not in _WORKS:
        raise not_found(f"Workflow with id {json.dumps(workflow_id)} not found.")
    name, type_ = schemas.INPUTS[workflow_id]
    try:
        schemas.validate(schemas.fields({name: type_}, name), given)
    except ApiError as error:
        raise NotImplementedError(f"FakeMedusa does not support this of {workflow_id}: {error}") from None
    members = given[name]
    ids = [member["id"] for member in members if "id" in member]
    if workflow_id.startswith("create-") and len(set(ids)) < len(ids):
        raise NotImplementedError("FakeMedusa does not create two things with one id in one call")
    return _WORKS[workflow_id](state, members)
