"""What fields are called in other languages than English (`names.csv`)."""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from medusa_sync.sources.text import fold


@cache
def meanings() -> Mapping[str, tuple[str, ...]]:
    """The keys of our own columns by the folded names; those of several columns are ambiguous."""
    found = defaultdict[str, dict[str, None]](dict)
    with Path(__file__).with_name("names.csv").open(encoding="utf-8", newline="") as file:
        for key, *languages in [*csv.reader(file)][1:]:
            for name in ", ".join(languages).split(", "):
                for written in _written(name):
                    found[fold(written)][key] = None
    return {name: tuple(keys) for name, keys in found.items()}


def _written(name: str) -> Iterator[str]:
    """The name, also without accents, and with a usual `i` in place of a Turkish one."""
    yield name
    plain = name.replace("\u0131", "i")
    yield plain
    letters = "".join(
        each for each in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(each)
    )
    if letters.isascii():
        yield letters


def doubt(name: str) -> str:
    """What else an ambiguous name may mean, such as ` (sku or barcode?)`; empty if it is not ambiguous."""
    keys = meanings().get(fold(name), ())
    return f" ({' or '.join(keys)}?)" if len(keys) > 1 else ""
