"""Which field tells products apart, if their source has no ids."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.text import fold, usable_id

_ID = re.compile(r"(?i:(.*[\W_])?id)|.*[a-z]I[dD]")  # `vehicle_id`, `vehicleId`; not `paid`
_OTHER = re.compile(  # what an id may be of in a product
    "parent|group|collection|categ|brand|vendor|seller|supplier|manufactur|merchant|user|owner|author|store|"
    "shop|company|type|tax|currency|variant|option|image|order",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_IS_ID, _IS_CODE, _IS_HANDLE, _HAS_CODE = 0, 1, 3, 4
_RANKS = {"id": _IS_ID, "sku": 2, "handle": _IS_HANDLE, "title": 5, "": 5}

Items = Sequence[Mapping[str, Any]]


def taken(items: Items) -> str:
    """The field that is read as the id of products without one; empty if it does not tell them apart.

    Only its name decides which one it is, so that it stays the same. An id that does not come first may be
    that of something else. Barcodes and titles are no ids.
    """
    first = next(iter(items[0]), "") if items else ""
    filled = dict.fromkeys(name for item in items for name, value in item.items() if value or value == 0)
    if any(_field(name) == "id" for name in filled):
        return ""
    ranks = {name: rank for name in filled if (rank := _rank(name)) is not None}
    known = [
        name for name, rank in ranks.items() if _IS_ID < rank <= _IS_HANDLE or (rank, name) == (_IS_ID, first)
    ]
    name = min(known, key=ranks.__getitem__, default="")
    return name if name in _distinct(items) else ""


def _path_of_best(items: Items) -> str:
    """The jq path of the field that suits an id best: it is filled, and different in all items."""
    ranks = {name: rank for name in _distinct(items) if (rank := _rank(name)) is not None}
    name = min(ranks, key=ranks.__getitem__, default="")
    return name and f".{name if _IDENTIFIER.fullmatch(name) else json.dumps(name, ensure_ascii=False)}"


def hint(items: Items) -> str:
    """How a map takes another field for the id."""
    if not (path := _path_of_best(items)):
        return "Add a field `id`, whose values never change: none is filled and different in all items."
    program = f"`. + {{id: {path}}}`"
    return (
        f"Take another field for it, whose values never change: write {program} to a file, and name that "
        "with --source-map."
    )


def hint_for_map(name: str, file: Path | None, items: Items) -> str:
    """What to do if a map gives no usable id. One that comes with the tool has a file to copy."""
    path = _path_of_best(items)
    best = (
        f"such as {path}, which is different in all items read so far" if path else "one that never changes"
    )
    if file is None:
        return f"The map gives no usable id. Change its `id` to another field, {best}."
    return (
        f"The map {name} gives no usable id. Copy {file} to a file, change its `id` to another field, "
        f"{best}, and name the copy with --source-map."
    )


def _rank(name: str) -> int | None:
    """How well a name suits an id, from 0; None if it means something else."""
    field = _field(name)
    if not field and _ID.fullmatch(name):
        return None if _OTHER.search(name) else _IS_ID
    if fold(name) == "code":
        return _IS_CODE
    if not field and fold(name).endswith("sku"):
        return _RANKS["sku"]
    is_code = fold(name).endswith("code") if not field else "barcode" in field
    return _HAS_CODE if is_code else _RANKS.get(field)


def _field(name: str) -> str:
    """The field that a name means; empty if nothing."""
    meaning = OWN.meaning(name)
    return "" if meaning is None else meaning.column.field or "-"


def _distinct(items: Items) -> list[str]:
    """The fields that have a value in all items, each another one."""
    values = {name: [usable_id(item.get(name)) for item in items] for name in (items[0] if items else ())}
    return [name for name, each in values.items() if None not in each and len({*each}) == len(each)]
