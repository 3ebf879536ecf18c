"""Finds a short history that breaks in the same way."""

from collections.abc import Callable
from dataclasses import replace

from tests.world.history import Ending, History, live


def shortest(
    history: History, ending: Ending, happen: Callable[[History], Ending] = live
) -> tuple[History, Ending]:
    """Leave out steps, many at once, then one by one, as long as the same kind of thing does not hold."""
    size = len(history.steps) // 2
    while size:
        before = history
        start = 0
        while start < len(history.steps):
            shorter = replace(history, steps=history.steps[:start] + history.steps[start + size :])
            other = happen(shorter)
            if other.broken == ending.broken:
                history, ending = shorter, other
            else:
                start += size
        size = size // 2 if size > 1 or history == before else 1
    return history, ending
