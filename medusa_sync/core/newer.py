"""Fields that the version which wrote a record did not sync: an upgrade leaves them as they are.

Such a field is not compared until its product is written for another reason. Then the record gets what the
source wants, and from there on, a change at the source is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from medusa_sync.codes import Note
from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS
from medusa_sync.core.kinds.status import STATUS
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.selection import Selection


class NewerFields(Struct):
    """Products whose newer fields the source gives, and whose values in the store may be others.

    Attributes:
        found: external ids of the products, by field.
    """

    found: dict[str, set[str]] = {}

    def add(self, external_id: str, names: Iterable[str]) -> None:
        """Add fields of a product; the first plan of a run shows them."""
        for name in names:
            self.found.setdefault(name, set()).add(external_id)

    @property
    def note(self) -> Note:
        names = sorted(self.found)
        counts = ", ".join(f"{name} of {len(self.found[name]):,}" for name in names)
        return Note(
            "newer_fields",
            f"Fields of products of an earlier version, which did not sync them: {counts}. The store "
            "keeps what it has until the source changes it. To send what the source has now, run once "
            f"with --overwrite --only {','.join(names)}.",
        )


def unseen(desired: DesiredProduct, selection: Selection, status: str | None) -> Iterator[str]:
    """The newer fields that a product gives, unless the store has the same if nobody has edited it.

    `status` is the one that the store has; None if it is not known, and counts as the same.
    """
    parts = ((FIELDS, desired.fields), *((VARIANT_FIELDS, each.fields) for each in desired.variants))
    for table, fields in parts:
        for field in table.newer(0):
            wanted = fields.get(field.name)
            initial = (status or wanted) if field.name == STATUS else field.kind.initial
            if wanted is not None and selection.has(field.name) and not field.kind.same(initial, wanted):
                yield field.name
