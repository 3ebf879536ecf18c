"""Catalogues of other programs, and the desired products that each becomes, in `golden/`.

`python -m tests.catalogues` writes what they become now: review the difference.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from medusa_sync.sources.base import Rejected, Row
from medusa_sync.sources.delivery import MappingOptions
from tests.unit.sources.reading import reading

FOLDER: Final = Path(__file__).parent
CATALOGUES: Final = {
    each.name: each for each in sorted(FOLDER.iterdir()) if each.suffix in {".csv", ".json", ".xml"}
}
MAPS: Final = {
    "business-central.json": "business-central",
    **{each.stem: str(each) for each in sorted(FOLDER.glob("*.jq"))},
}
"""Maps of catalogues: one that is not recognised, and those in files beside the catalogue."""
CURRENCIES: Final = {
    "ceneo": "pln",
    "heureka": "czk",
    "prom": "uah",
    "skroutz": "eur",
    "trovaprezzi": "eur",
    "yml": "rub",
}
"""Those of feeds of shops that do not use dollars, by the start of their names."""
WIDTH: Final = 110
_UNUSED: Final = {"source_id", "digest", "locations", "withheld", "settings", "regions", "approved"}


def golden_of(name: str) -> Path:
    return FOLDER / "golden" / f"{name}.json"


def currency_of(name: str) -> str:
    return CURRENCIES.get(re.split("[.-]", name)[0], "usd")


def rendered(name: str) -> str:
    """What a catalogue becomes: its format, what a run says about it, and its rows; or why it is refused."""
    mapping = MappingOptions("shop", currency_of(name), sale_prices=True)
    found = reading(CATALOGUES[name], mapping=mapping, map_=MAPS.get(name))
    if found.error:
        return f'{{"refused": {_json(found.error)},\n "hint": {_json(found.hint)}}}\n'
    rows = ",\n".join(map(_row, found.rows))
    head = f'"format": {_json(found.format)}, "notes": {_json(found.notes)}'
    head += f',\n "hint": {_json(found.id_hint)}' if found.id_hint else ""
    return f'{{{head}, "rows": [\n{rows}\n]}}\n'


def _row(row: Row) -> str:
    """JSON with as few lines as a difference can be read in."""
    if isinstance(row, Rejected):
        return _json({"rejected": row.source_id or row.title, "reason": row.reason})
    members = {key: value for key, value in msgspec.to_builtins(row).items() if key not in _UNUSED and value}
    fields = {key: value for key, value in members.pop("fields").items() if value is not None}
    variants = ",\n  ".join(map(_json, members.pop("variants")))
    return f'{{{_filled(members)},\n "fields": {{{_filled(fields)}}},\n "variants": [\n  {variants}]}}'


def _filled(members: Mapping[str, Any]) -> str:
    lines = [""]
    for text in (f"{_json(key)}: {_json(value)}" for key, value in members.items()):
        if lines[-1] and len(lines[-1]) + len(text) > WIDTH:
            lines.append(text)
        else:
            lines[-1] += f", {text}" if lines[-1] else text
    return ",\n  ".join(lines)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
