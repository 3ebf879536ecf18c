"""Writes that consist of several steps.

Medusa commits each step separately, so others see it. If a later step fails, Medusa undoes what it can.
"""

from collections.abc import Generator, Sequence
from typing import Protocol

from tests.harness.fake_medusa.errors import ApiError

Steps = Generator[str, None, None]
"""Yields the name of each committed step."""


class Work(Protocol):
    def steps(self) -> Steps:
        """Raises ApiError if a step is refused; that step then changed nothing."""

    def undo(self) -> None:
        """Undo the committed steps as far as Medusa does."""


def run(works: Sequence[Work]) -> Steps:
    """Run all works side by side. If any is refused, undo all and raise the first refusal."""
    running = [(work, work.steps()) for work in works]
    refusal: ApiError | None = None
    while running:
        for entry in list(running):
            work, steps = entry
            try:
                step = next(steps)
            except StopIteration:
                running.remove(entry)
            except ApiError as error:
                running.remove(entry)
                refusal = refusal or error
            else:
                yield step
    if refusal:
        for work in works:
            work.undo()
        raise refusal
