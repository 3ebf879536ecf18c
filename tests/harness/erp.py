"""An export of an ERP system, whose rows are sizes of products, and maps of it."""

import gzip
import json
from collections.abc import Callable
from typing import Any, Final

from tests.harness.catalogue import ndjson

Rows = list[dict[str, Any]]
ERP = """
# One item is a size of a product.
{
  id: .artno,
  title: .name,
  tags: (.labels // []),
  images: [.photo],
  variants: [{sku: "\\(.artno)-\\(.size)", price: .net, options: {Size: .size}}]
}
"""


def article(number: int, size: str, **changes: Any) -> dict[str, Any]:
    photo = f"https://cdn.example/{number}-{size}.jpg"
    row = {"artno": f"A{number}", "name": f"Shirt {number}", "size": size, "net": "12.50", "photo": photo}
    return {**row, "labels": ["shirt"], **changes}


ROWS = [article(number, size) for size in ("S", "M", "L") for number in range(1, 5)]
NAMES: Final = ("artno", "name", "size", "net", "photo")


def table(rows: Rows) -> bytes:
    cells = [NAMES, *([str(row[name]) for name in NAMES] for row in rows)]
    return "".join(f" {' ; '.join(each)} \n" for each in cells).encode()


def feed(rows: Rows) -> bytes:
    items = ["".join(f"<{name}>{row[name]}</{name}>" for name in NAMES) for row in rows]
    joined = "</item><item>".join(items)
    return f'<rss version="2.0"><channel><item>{joined}</item></channel></rss>'.encode()


FORMS: dict[str, Callable[[Rows], bytes]] = {
    "JSON": lambda rows: json.dumps(rows, indent=1).encode(),
    "JSON, gzip": lambda rows: gzip.compress(json.dumps({"items": rows, "total": len(rows)}).encode()),
    "NDJSON": ndjson,
    "CSV": table,
    "RSS": feed,
    "XML": lambda rows: feed(rows).replace(b"item>", b"article>").replace(b"rss", b"export"),
}

GROUPED = """
# group: .artno
{
  id: .[0].artno,
  title: .[0].name,
  variants: [.[] | select(.size) | {sku: "\\(.artno)-\\(.size)", price: .net, options: {Size: .size}}]
}
"""
