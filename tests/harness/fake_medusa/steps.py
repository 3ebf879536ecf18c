"""Writes that consist of several steps.

Medusa commits each step separately, so others see it. If a later step fails, Medusa undoes what it can.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence

from tests.harness.fake_medusa.errors import ApiError

Steps = Generator[str, None, None]
"""Yields the name of each committed step."""


class Work(ABC):
    @abstractmethod
    def steps(self) -> Steps:
        """Raises ApiError if a step is refused; that step then changed nothing."""

    def undo(self) -> None:  # noqa: B027 - often, only the first step can be refused
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
