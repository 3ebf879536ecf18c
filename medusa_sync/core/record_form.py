"""The record as JSON in the metadata of a product."""

from __future__ import annotations

from typing import Any

from msgspec import ValidationError, convert, to_builtins

from medusa_sync.core.record import RECORD_KEY, VERSION, Record
from medusa_sync.errors import ProductFailedError

_ALWAYS = 2  # members of an entry: id and fields of a variant, the URLs of a file


def as_json(record: Record) -> dict[str, Any]:
    """The record as it is stored.

    The entries of variants, and of files, end before their defaults: if a list has null, Medusa answers with
    500 when the merchant edits the metadata in the admin, which sends the record back.
    """
    form: dict[str, Any] = to_builtins(record)
    for entry in (*form.get("variants", {}).values(), *form.get("copies", {}).get("files", ())):
        while len(entry) > _ALWAYS and not entry[-1]:
            entry.pop()
    return form


def can_be_sent_back(record: Any) -> bool:
    """Whether Medusa takes stored JSON from the admin, which sends all metadata back after an edit."""
    if isinstance(record, list):
        return None not in record and all(map(can_be_sent_back, record))
    return not isinstance(record, dict) or all(map(can_be_sent_back, record.values()))


def parse_record(metadata: object) -> Record | None:
    """Parse the record of a stored product; None if there is none that this version reads.

    Raises:
        ProductFailedError: a newer version of this tool wrote it, which knows what the merchant edited since.
    """
    raw: Any = metadata.get(RECORD_KEY) if isinstance(metadata, dict) else None
    version = raw.get("version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ProductFailedError(
            f"its record has version {version}, this medusa-sync reads up to {VERSION}; upgrade medusa-sync"
        )
    try:
        return convert(raw, Record) if version == VERSION else None
    except ValidationError:  # something else wrote under our key
        return None
