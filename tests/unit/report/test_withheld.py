"""Reports list SKUs and barcodes when they are withheld for the first time, and count them in every run."""

from __future__ import annotations

import csv
import io
import json
import logging
from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.report.csv import as_csv
from medusa_sync.report.html import as_html
from medusa_sync.report.json import as_json
from medusa_sync.report.log import log_result
from medusa_sync.report.output import Pipe
from medusa_sync.report.summary import one_line
from medusa_sync.report.text import as_text, print_listed_once
from tests.unit.results import HELD, KEEPING, KNOWN, LACKING, OVERRULED, SPOON, run

RESULT = run(LACKING, KEEPING, KNOWN, SPOON)
LINES = [
    (
        "withheld: created dummyjson:71 (Steel Kettle): sku of Large: nothing "
        "(source: BK-1, which belongs to dummyjson:70 'Brass Kettle' (prod_70))"
    ),
    (
        "withheld: created dummyjson:71 (Steel Kettle): barcode of Small: nothing "
        "(source: 4006381333931, which belongs to another variant of this product (Large))"
    ),
    (
        "withheld: unchanged dummyjson:72 (Copper Kettle): "
        "sku: CK-1 (kept; source: BK-2, which belongs to 'Our Kettle' (prod_9))"
    ),
]


def quietly(result: RunResult) -> list[str]:
    file = io.StringIO()
    print_listed_once(result, Pipe(file))
    return file.getvalue().splitlines()


def many(outcome: Outcome, number: int) -> list[Outcome]:
    return [structs.replace(outcome, external_id=f"id-{index:03}") for index in range(number)]


def test_text_counts_all_withheld_values_and_lists_new_ones() -> None:
    shown = as_text(RESULT).splitlines()
    assert "withheld: 4" in shown
    assert shown[-4:-1] == LINES
    assert "dummyjson:73" not in as_text(RESULT)
    assert "4 withheld" in one_line(RESULT)


def test_a_change_of_a_product_with_a_known_withheld_value_is_listed_alone() -> None:
    shown = as_text(RESULT, verbose=True)
    assert "change: updated dummyjson:73 (Iron Kettle): price: 9.99 -> 10.99" in shown
    assert "BK-3" not in shown


def test_a_product_can_have_conflicts_held_prices_and_withheld_values() -> None:
    both = structs.replace(LACKING, conflicts=OVERRULED.conflicts, held=HELD.held)
    for shown in (as_text(run(both)), "\n".join(quietly(run(both)))):
        assert "conflict: created dummyjson:71" in shown
        assert "withheld: created dummyjson:71" in shown
        assert "--on-conflict" in shown
        assert shown.count("cannot have the same SKU or barcode") == 1
    assert "--max-price-change." in as_text(run(both))


@pytest.mark.parametrize("show", [as_text, lambda result: "\n".join(quietly(result))])
def test_a_run_lists_all_new_values_because_no_other_run_does(show: Any) -> None:
    shown = show(run(*many(KEEPING, 50)))
    assert shown.count("BK-2, which belongs to") == 50
    assert "--json" not in shown


def test_a_dry_run_lists_twenty_products() -> None:
    shown = as_text(run(*many(KEEPING, 50), dry_run=True))
    assert shown.count("BK-2, which belongs to") == 20
    assert "... and 30 more with values that are withheld; --json shows them all\n" in shown


def test_the_document_lists_new_values_and_counts_all() -> None:
    document = json.loads(as_json(RESULT))
    product = {"external_id": "dummyjson:71", "title": "Steel Kettle"}
    assert document["withheld"] == [
        {
            **product,
            "variant": "Large",
            "field": "sku",
            "stored": None,
            "desired": "BK-1",
            "owner": "dummyjson:70 'Brass Kettle' (prod_70)",
        },
        {
            **product,
            "variant": "Small",
            "field": "barcode",
            "stored": None,
            "desired": "4006381333931",
            "owner": "another variant of this product (Large)",
        },
        {
            "external_id": "dummyjson:72",
            "title": "Copper Kettle",
            "variant": None,
            "field": "sku",
            "stored": "CK-1",
            "desired": "BK-2",
            "owner": "'Our Kettle' (prod_9)",
        },
    ]
    assert document["counts"]["withheld"] == 4
    assert [each["action"] for each in document["changes"]] == ["create", "keep", "update", "update"]


def test_csv_has_a_row_for_each_new_value() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(run(LACKING, KEEPING, KNOWN)))))
    product = ["dummyjson:71", "Steel Kettle", "created", "create"]
    source = "withheld; the source has"
    owner = "dummyjson:70 'Brass Kettle' (prod_70)"
    twin = "another variant of this product (Large)"
    assert rows[1:] == [
        [*product, "sku", "", "", f"{source} BK-1, which belongs to {owner}", "Large"],
        [*product, "barcode", "", "", f"{source} 4006381333931, which belongs to {twin}", "Small"],
        [
            *["dummyjson:72", "Copper Kettle", "unchanged", "keep", "sku", "CK-1", "CK-1"],
            *[f"{source} BK-2, which belongs to 'Our Kettle' (prod_9)", ""],
        ],
        ["dummyjson:73", "Iron Kettle", "updated", "update", "price", "9.99", "10.99", "", ""],
    ]


def test_html_lists_and_finds_products_with_new_values() -> None:
    page = as_html(run(LACKING, KEEPING, KNOWN))
    assert '<h2 id="Withheld">Withheld</h2>' in page
    assert 'data-kinds="created withheld"' in page
    assert 'data-kinds="unchanged withheld"' in page
    assert 'data-kinds="updated"' in page, "there is nothing to see at a known value"
    assert "withheld 2" in page, "the filter counts products"
    assert page.count("which belongs to &#39;Our Kettle&#39; (prod_9)") == 2, "in the list and the table"


def test_a_json_log_names_the_first_products_with_new_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_result(run(*many(KNOWN, 30), LACKING, KEEPING), as_json=True, is_printed=True)
    records: list[Any] = caplog.records
    assert [(each.levelname, each.event, each.external_id) for each in records[:-1]] == [
        ("WARNING", "withheld", "dummyjson:71"),
        ("WARNING", "withheld", "dummyjson:71"),
        ("WARNING", "withheld", "dummyjson:72"),
    ]
    assert caplog.messages[0] == (
        "withheld dummyjson:71 (Steel Kettle): sku of Large 'BK-1' belongs to "
        "dummyjson:70 'Brass Kettle' (prod_70)"
    )
    caplog.clear()
    log_result(run(*many(KEEPING, 30)), as_json=True, is_printed=True)
    assert len(caplog.messages) == 21
