"""Products with options and variants, as a source delivers them."""

from typing import Any

SIZES = ("S", "M", "L")
COLOURS = ("Red", "Blue")
TIERS = {"eur": 9, "usd.America": 8, "eur.10+": 7}


def variant(number: int, size: str, colour: str, **changes: Any) -> dict[str, Any]:
    """A variant of a shirt; `None` leaves a field out."""
    row = {
        "id": f"{number}-{size}-{colour}",
        "sku": f"SH{number}-{size}-{colour[0]}",
        "barcode": f"40{number:04}{SIZES.index(size) if size in SIZES else 9}{COLOURS.index(colour)}",
        "price": 20 + number,
        "stock": number,
        "options": {"Size": size, "Colour": colour},
    } | changes
    return {name: value for name, value in row.items() if value is not None}


def shirt(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A shirt in all sizes and colours."""
    return {
        "id": number,
        "title": f"Shirt {number}",
        "options": ["Size", "Colour"],
        "variants": [variant(number, size, colour) for size in SIZES for colour in COLOURS],
    } | changes


def shirts(count: int) -> list[dict[str, Any]]:
    return [shirt(number) for number in range(1, count + 1)]
