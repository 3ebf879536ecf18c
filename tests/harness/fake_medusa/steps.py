"""Writes that consist of several steps.

Medusa commits each step separately, so others see it. If a later step fails, Medusa undoes what it can.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator

from tests.harness.fake_medusa.errors import ApiError

Steps = Generator[str, None, None]
"""Yields the name of each committed step."""


class Work(ABC):
    @abstractmethod
    def steps(self) -> Steps:
        """Raises ApiError if a step is refused."""

    def undo(self) -> None:  # noqa: B027 - often, only the first step can be refused
        """Undo the committed steps as far as Medusa does."""


def run(work: Work) -> Steps:
    try:
        yield from work.steps()
    except ApiError:
        yield "failed"
        work.undo()
        raise
