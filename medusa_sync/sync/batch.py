"""Splits products into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def halves(products: Sequence[T]) -> tuple[list[T], list[T]]:
    """Bisect products that the store refused together."""
    middle = len(products) // 2
    return list(products[:middle]), list(products[middle:])


def parts(products: Sequence[T], size: int) -> Iterator[list[T]]:
    """Products in parts of a size; the last one may have fewer."""
    return (list(products[start : start + size]) for start in range(0, len(products), size))
