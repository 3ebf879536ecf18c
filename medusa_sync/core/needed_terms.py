"""The terms that changes need, such as tags and categories."""

from __future__ import annotations

from collections.abc import Iterable

from medusa_sync.core.change import Change
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.kinds.links import CATEGORIES
from medusa_sync.core.steps import Step
from medusa_sync.core.value import members

TERMS = tuple(name for name, field in FIELDS.items() if Step.TERMS in field.kind.own_steps)
"""The fields whose values are terms."""


def needed_terms(changes: Iterable[Change]) -> dict[str, list[str]]:
    """The terms that changes add, such as tags, by field; also the categories of adopted products."""
    known = list(changes)
    needed = {name: [term for change in known for term in change.added(name)] for name in TERMS}
    needed[CATEGORIES] += placed_terms(change for change in known if change.placed)
    return needed


def placed_terms(adopted: Iterable[Change]) -> list[str]:
    """The categories that the source wants for adopted products."""
    return [handle for change in adopted for handle in members(change.desired.fields[CATEGORIES])]
