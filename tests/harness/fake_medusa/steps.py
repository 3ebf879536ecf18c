"""Writes of several steps.

Medusa commits each step on its own, where others see it. When a later one fails it takes back what it can.
"""

from collections.abc import Generator, Sequence
from typing import Protocol

from tests.harness.fake_medusa.errors import ApiError

Steps = Generator[str, None, None]
"""Gives the name of each step that has been committed."""


class Work(Protocol):
    def steps(self) -> Steps:
        """Raises ApiError when a step is refused, which then has changed nothing."""

    def undo(self) -> None:
        """Takes the committed steps back, as far as Medusa does."""


def run(works: Sequence[Work]) -> Steps:
    """Runs works side by side to their ends. When one is refused all are undone; the first refusal counts."""
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
