"""Reports name prices that were held back, and products that are skipped."""

from __future__ import annotations

import csv
import io
import json

from msgspec import structs

from medusa_sync.core.result import Result
from medusa_sync.report.csv import as_csv
from medusa_sync.report.html import as_html
from medusa_sync.report.json import as_json
from medusa_sync.report.text import as_text
from tests.unit.results import HELD, SKIPPED, SPOON, on_terminal, run

ONLY_HELD = structs.replace(HELD, result=Result.UNCHANGED, changes=(), action=None)


def test_the_document_lists_every_price_that_was_held_back() -> None:
    document = json.loads(as_json(run(SPOON, HELD)))
    product = {"external_id": "dummyjson:70", "title": "Brass Kettle"}
    assert document["held"] == [
        {**product, "variant": None, "field": "price", "stored": 40, "desired": 0},
        {**product, "variant": "Large", "field": "price.eur", "stored": 38, "desired": 3.8},
    ]
    assert document["counts"]["held"] == 1
    fields = next(each["fields"] for each in document["changes"] if each["external_id"] == "dummyjson:70")
    assert fields == {"title": {"from": "Kettle", "to": "Brass Kettle"}}


def test_the_document_lists_products_that_are_skipped() -> None:
    document = json.loads(as_json(run(skipped=(SKIPPED,))))
    assert document["skipped"] == [
        {
            "external_id": "dummyjson:80",
            "title": "Wool Hat",
            "outcome": "skipped",
            "reason": "it was deleted in the store",
        }
    ]


def test_products_that_are_skipped_are_listed_if_verbose() -> None:
    result = run(skipped=(SKIPPED,))
    line = "skip: skipped dummyjson:80 (Wool Hat): it was deleted in the store"
    assert line in as_text(result, verbose=True).splitlines()
    assert "dummyjson:80" not in as_text(result)
    assert "it was deleted in the store" in on_terminal(result, 120, verbose=True)


def test_csv_has_a_row_for_each_held_price_and_skipped_product() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(run(HELD, skipped=(SKIPPED,))))))
    product = ["dummyjson:70", "Brass Kettle", "updated", "update"]
    held = "held back, above --max-price-change; the source has"
    assert rows[1:] == [
        ["dummyjson:80", "Wool Hat", "skipped", "", "", "", "", "it was deleted in the store", ""],
        [*product, "title", "Kettle", "Brass Kettle", "", ""],
        [*product, "price", "40", "40", f"{held} 0", ""],
        [*product, "price.eur", "38", "38", f"{held} 3.8", "Large"],
    ]


def test_html_lists_held_prices_and_skipped_products() -> None:
    page = as_html(run(HELD, ONLY_HELD, skipped=(SKIPPED,)))
    assert "Held back" in page
    assert 'data-kinds="updated held"' in page
    assert 'data-kinds="unchanged held"' in page
    assert "it was deleted in the store" in page
