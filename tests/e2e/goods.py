"""Products of every kind in several versions, for sources that change between interrupted runs."""

from collections.abc import Iterable
from typing import Any

from tests.harness.catalogue import product
from tests.harness.shirts import shirt, variant

Row = dict[str, Any]

SHIRTS = 1_000
"""From this number on, products have variants."""


def good(number: int, version: int = 0) -> Row:
    """A product. Each version changes one of its fields, or one of each kind of the variants of a shirt."""
    if number >= SHIRTS:
        return _shirt(number, version)
    row = product(number)
    if number % 5 == 0:  # only its handle is unique
        del row["sku"], row["meta"]
    for step in range(1, version + 1):
        new: Row = {
            "price": round(row["price"] + step, 2),
            "stock": 1_000 + step,
            "title": f"Title {number} v{step}",
            "tags": ["abcdef"[step % 6], "abcdef"[(step + number) % 6]],
            "sku": f"NEW-{number}-{step}",
        }
        name = list(new)[(number + step) % len(new)]
        row |= {name: new[name]} if name in row else {}
    return row


def _shirt(number: int, version: int) -> Row:
    row = shirt(number, title=f"Shirt {number} v{version}")
    one, two, three, four, *_ = row["variants"]
    one |= {"price": 100 + version, "stock": 10 + version, "prices": {"eur": 90 + version}}
    two |= {"sku": f"SH{number}-v{version}", "compareAtPrice": 5_000 + version}
    three["options"] = {"Size": f"M{version}", "Colour": "Red"}
    if version % 2:
        three["sku"], four["sku"] = four["sku"], three["sku"]
        four["compareAtPrice"] = 6_000
    row["variants"].append(variant(number, "XXL", "Red", price=50 + version))
    return row


def without_last_variant(row: Row) -> Row:
    return row | ({"variants": row["variants"][:-1]} if "variants" in row else {})


def goods(plain: int, shirts: int, version: int = 0) -> list[Row]:
    """Products without and with variants."""
    return [good(number, version) for number in [*range(1, plain + 1), *range(SHIRTS, SHIRTS + shirts)]]


def said_next(rows: Iterable[Row], version: int) -> list[Row]:
    """What the source says after a run that wrote a version was interrupted: the same, something newer, or
    the old value again.
    """
    return [good(row["id"], version + row["id"] % 3 - 1) for row in rows]
