"""What a run with `--only` or `--skip` leaves out stays as it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.world.merging import METADATA_FIELDS
from tests.world.stored import Stored
from tests.world.wanted import LOCALES, REGION_PRICE, SECOND_STOCK

CHOICES = (
    *("price", "stock", "title", "price,stock", "tags", "images", "metadata", "variants", "translation"),
    *(SECOND_STOCK, f"price,{SECOND_STOCK}", REGION_PRICE, f"translation.{LOCALES[0]}"),
)


def finished(records: Mapping[str, Any], stored: Mapping[str, Stored]) -> dict[str, Stored]:
    """The published products that no run completes: those without a note, and without a removal.

    One that an undo has published again still has its removal in the record: all of it is written when it is
    back at the source.
    """
    return {
        key: each
        for key, each in stored.items()
        if each.status == "published" and not {"pending", "drafted"} & {*records.get(each.id, ())}
    }


def left_out(
    options: Mapping[str, Any], before: Mapping[str, Stored], after: Mapping[str, Stored]
) -> list[str]:
    """The fields that a run has changed although these options leave them out."""
    if not options.keys() & {"only", "skip", "no_update"}:
        return []
    chosen = {*str(options.get("only") or options.get("skip", "")).split(",")}
    found = [
        (names, f"{key}: {field}")
        for key, each in before.items()
        if key in after and after[key].id == each.id
        for names, field in _changed(each, after[key])
    ]
    if "skip" in options:
        return [field for names, field in found if all(_is_among(name, chosen) for name in names)]
    return [field for names, field in found if not any(_is_among(name, chosen) for name in names)]


def _is_among(field: str, chosen: set[str]) -> bool:
    """Whether a field, or one above it, is chosen."""
    parts = field.split(".")
    return any(".".join(parts[:count]) in chosen for count in range(1, len(parts) + 1))


def _changed(before: Stored, after: Stored) -> Iterator[tuple[set[str], str]]:
    """The fields that differ, with the names that choose them; of variants, those that both have."""
    if before.options != after.options or before.variants.keys() != after.variants.keys():
        yield {"variants"}, "options or variants"
    for name, value in before.owned.items():
        if (name, after.owned[name]) == ("status", "draft"):
            continue  # what the source no longer has is removed by each run
        if after.owned[name] != value:
            yield {_name(name)}, f"{name} {value!r} {after.owned[name]!r}"
    for own in before.variants.keys() & after.variants.keys():
        one, two = before.variants[own], after.variants[own]
        if one.values != two.values:
            yield {"variants"}, f"values of {own}"
        for name, value in one.owned.items():
            if (new := two.owned[name]) != value:
                # `draft` takes a dropped variant out of sale, and back.
                also = {"variants"} if name.startswith("stock") and {0, None} & {value, new} else set()
                yield {_name(name), *also}, f"{name} of {own} {value!r} {new!r}"


def _name(field: str) -> str:
    """The name of a field in options."""
    if field in METADATA_FIELDS:
        return "metadata"
    return "price" if field == "sale_price" else field
