"""What a dry run would write, for a saved plan."""

from __future__ import annotations

from msgspec import Struct, field

from medusa_sync.codes import Note
from medusa_sync.core.approval import PlanLine, as_saved, without_secrets
from medusa_sync.redact import hidden
from medusa_sync.spool import Spool


class PlannedLines(Struct):
    """The lines of a plan, without secrets.

    Attributes:
        lines: with external id and action.
        hidden: number of products whose plan has a secret.
    """

    lines: Spool[tuple[str, str, bytes]] = field(default_factory=Spool)
    hidden: int = 0

    def add(self, line: PlanLine) -> None:
        """Add what is written of a product."""
        saved = as_saved(line)
        if hidden(text := saved.decode()) != text:
            saved = as_saved(without_secrets(line, hidden))
            self.hidden += 1
        self.lines.add((line.plan.external_id, line.plan.action, saved))

    @property
    def note(self) -> Note:
        """That secrets are hidden."""
        return Note(
            "plan_hides_secrets",
            f"Products whose plan has a secret: {self.hidden}. It is hidden in the plan, which "
            "does not write them.",
        )
