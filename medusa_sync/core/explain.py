"""Explains how the fields of a product were decided, for a person in doubt."""

from __future__ import annotations

from msgspec import Struct

from medusa_sync.core.fields import Field
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.merge import Verdict
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.record import History
from medusa_sync.core.value import Value, excerpt

_LONGEST = 60  # characters of a value


class Decision(Struct, frozen=True):
    """What a field was decided from, and how.

    Attributes:
        variant: what reports call it; empty for a field of the product.
        restore: the source's value is put back, also if only the merchant has changed it.
        is_newer: the version that wrote the product did not sync the field.
        side: that wins a conflict.
    """

    field: Field
    variant: str
    desired: Value
    stored: Value
    history: History
    verdict: Verdict
    restore: bool
    is_newer: bool
    side: OnConflict

    @property
    def why(self) -> str:
        """What happens to the field, and why."""
        if self.is_newer and not self.restore:
            return "kept, because an earlier version did not sync it"
        if self.verdict is Verdict.CONFLICT:
            what = "sent" if self.side is OnConflict.SOURCE else "kept"
            return f"{what}, because source and merchant have changed it, and --on-conflict is {self.side}"
        if self.verdict is Verdict.SEND:
            return f"sent, because {self._why_sent}"
        if self.field.kind.same(self.stored, self.desired):
            return "kept, because the store has it"
        who = "orders have" if self.field.kind.merge is Merge.FOLLOW else "the merchant has"
        return f"kept, because only {who} changed it"

    @property
    def _why_sent(self) -> str:
        if self.restore:
            return "the source's value is restored"
        if self.history.pending:
            return "an interrupted run may have sent another value"
        return "the source has changed it" if self.history.is_known else "nothing is recorded about it"

    def __str__(self) -> str:
        name = f"{self.field.name} of {self.variant}" if self.variant else self.field.name
        desired, stored, applied = (
            "none" if each is None else excerpt(each, _LONGEST)
            for each in (self.desired, self.stored, self.history.applied)
        )
        return f"{name}: desired {desired}, stored {stored}, last applied {applied}: {self.why}"
