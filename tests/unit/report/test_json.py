"""The JSON document of a run."""

import io
import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs
from rich.console import Console

from medusa_sync.core.change import FieldChange
from medusa_sync.core.ids import Shard
from medusa_sync.core.result import Status
from medusa_sync.report.escape import visible
from medusa_sync.report.json import as_json, print_json
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    PRICE,
    RESPECTED,
    ROW,
    SHIRT,
    SPOON,
    STAMPS,
    TINY,
    run,
)


def test_the_document_has_the_documented_structure() -> None:
    tags = FieldChange("tags", ("a",), ("a", "b"))
    spoon = structs.replace(SPOON, changes=(PRICE, tags))
    text = as_json(run(spoon, MUG, problems=[LAMP, ROW], notes=("Add a location.",)))
    assert list(json.loads(text).items()) == list(
        {
            "version": 1,
            "job": "sync-products",
            "shard": None,
            "dry_run": False,
            "status": "partial",
            "exit_code": 5,
            "started_at": "2026-01-02T03:04:05.678Z",
            "duration_s": 9.512,
            "source": {
                "url": "https://dummyjson.com/products",
                "format": "JSON pages",
                "total": 194,
                "seen": 194,
            },
            "store": {"url": "http://localhost:9000", "products": 200, "owned": 194},
            "counts": {
                "created": 1,
                "updated": 1,
                "unchanged": 190,
                "skipped": 0,
                "rejected": 2,
                "failed": 0,
                "unconfirmed": 0,
                "not_attempted": 0,
                "removed": 0,
                "conflicts": 0,
                "held": 0,
                "withheld": 0,
            },
            "requests": {"source": 7, "store_reads": 12, "store_writes": 26, "retries": 1},
            "problems": [
                {
                    "external_id": "dummyjson:18",
                    "title": "فانوس نحاسي صغير",
                    "outcome": "rejected",
                    "reason": "price: it is -1, below 0",
                },
                {
                    "external_id": None,
                    "title": "",
                    "outcome": "rejected",
                    "reason": "row 17 is not an object",
                },
            ],
            "held": [],
            "withheld": [],
            "skipped": [],
            "notes": ["Add a location."],
            "changes": [
                {
                    "external_id": "dummyjson:1",
                    "action": "update",
                    "fields": {
                        "price": {"from": 9.99, "to": 10.99},
                        "tags": {"from": ["a"], "to": ["a", "b"]},
                    },
                },
                {"external_id": "dummyjson:6", "action": "create", "fields": {}},
            ],
        }.items()
    )


def test_the_error_that_ended_a_run_is_the_first_problem() -> None:
    document = json.loads(as_json(run(problems=[LAMP], status=Status.FAILED, error="no connection")))
    assert document["problems"][0] == {
        "external_id": None,
        "title": None,
        "outcome": "failed",
        "reason": "no connection",
    }
    assert len(document["problems"]) == 2


def test_a_conflict_has_the_field_both_values_and_the_winner() -> None:
    document = json.loads(as_json(run(OVERRULED, RESPECTED, SPOON)))
    assert document["counts"]["conflicts"] == 2
    assert document["changes"][:2] == [
        {
            "external_id": "dummyjson:40",
            "action": "update",
            "fields": {"price": {"from": 21, "to": 19.99}},
            "conflicts": [{"field": "price", "store": 21, "source": 19.99, "kept": "source"}],
        },
        {
            "external_id": "dummyjson:41",
            "action": "keep",
            "fields": {},
            "conflicts": [
                {"field": "title", "store": "Our Teapot", "source": "Clay Teapot", "kept": "store"}
            ],
        },
    ]
    assert "conflicts" not in document["changes"][2]


def test_changes_of_variants_are_apart_from_those_of_the_product() -> None:
    (change,) = json.loads(as_json(run(SHIRT)))["changes"]
    assert change == {
        "external_id": "dummyjson:60",
        "action": "update",
        "fields": {"title": {"from": "Shirt", "to": "Linen Shirt"}},
        "variants": [
            {
                "variant": "S / Red",
                "fields": {"price": {"from": 20, "to": 21}, "option.Size": {"from": "Small", "to": "S"}},
            },
            {"variant": "L / Red", "fields": {"price": {"from": 23, "to": 24}}},
        ],
        "conflicts": [
            {"field": "price", "store": 23, "source": 24, "kept": "source", "variant": "L / Red"},
            {"field": "sku", "store": "MINE", "source": "SH-M", "kept": "store", "variant": "M / Red"},
            {"field": "variant", "store": None, "source": "SH-XL", "kept": "store", "variant": "XL / Red"},
        ],
    }


def test_the_only_variant_of_a_product_has_no_entry() -> None:
    documents = json.loads(as_json(run(SPOON, OVERRULED)))["changes"]
    assert not any("variants" in change for change in documents)
    assert "variant" not in documents[1]["conflicts"][0]


NAMES = st.sampled_from(["", "Red", "Blue"])
FIELD_NAMES = st.sampled_from(["title", "weight", "price"])


@given(changed=st.lists(st.tuples(NAMES, FIELD_NAMES), max_size=12))
def test_no_change_is_lost_if_variants_have_the_same_name(changed: list[tuple[str, str]]) -> None:
    changes = tuple(
        FieldChange(field, None, number, variant=name) for number, (name, field) in enumerate(changed)
    )
    (change,) = json.loads(as_json(run(structs.replace(SPOON, changes=changes))))["changes"]
    entries = [{"variant": "", "fields": change["fields"]}, *change.get("variants", [])]
    found = {
        values["to"]: (entry["variant"], field)
        for entry in entries
        for field, values in entry["fields"].items()
    }
    assert [found[number] for number in range(len(changed))] == changed
    assert sum(len(entry["fields"]) for entry in entries) == len(changed)


def test_adopted_and_removed_products_have_their_actions() -> None:
    document = json.loads(as_json(run(BOWL, DRAFTED, DELETED)))
    assert document["counts"]["updated"] == 1
    assert document["counts"]["removed"] == 2
    assert document["changes"] == [
        {"external_id": "dummyjson:7", "action": "adopt", "fields": {"price": {"from": 4999, "to": 49.99}}},
        {
            "external_id": "dummyjson:90",
            "action": "draft",
            "fields": {"status": {"from": "published", "to": "draft"}},
        },
        {"external_id": "dummyjson:91", "action": "delete", "fields": {}},
    ]


def test_products_that_were_not_completed_follow_the_problems() -> None:
    document = json.loads(as_json(run(problems=[LAMP], not_completed=LEFT, error="no response")))
    counts = document["counts"]
    assert (counts["failed"], counts["unconfirmed"], counts["not_attempted"]) == (0, 1, 1)
    assert [problem["external_id"] for problem in document["problems"][:2]] == [None, "dummyjson:18"]
    assert document["problems"][2:] == [
        {"external_id": id_, "title": title, "outcome": outcome, "reason": "not completed: no response"}
        for id_, title, outcome in (
            ("dummyjson:50", "Rug 50", "unconfirmed"),
            ("dummyjson:51", "Rug 51", "not_attempted"),
        )
    ]


def test_not_compared_is_counted_only_if_it_is_not_zero() -> None:
    document = json.loads(as_json(run(store_url=None, store=None, not_compared=194)))
    assert document["store"] is None
    assert document["counts"]["not_compared"] == 194
    assert "not_compared" not in json.loads(as_json(run()))["counts"]


def test_the_start_is_in_utc() -> None:
    riga = datetime(2026, 7, 1, 1, 0, tzinfo=timezone(timedelta(hours=3)))
    assert json.loads(as_json(run(started_at=riga)))["started_at"] == "2026-06-30T22:00:00.000Z"


@example(text="lone surrogate: \ud83d", pretty=False, ascii_only=True)
@example(text="\x7f \u202e 🐻\u200d❄\ufe0f \U000e0041", pretty=True, ascii_only=False)
@given(text=TINY, pretty=st.booleans(), ascii_only=st.booleans())
def test_json_keeps_any_text_and_escapes_hidden_characters(
    text: str, *, pretty: bool, ascii_only: bool
) -> None:
    price = structs.replace(PRICE, variant=f"x{text}")
    result = run(structs.replace(SPOON, changes=(price,)), problems=[structs.replace(LAMP, title=text)])
    document = as_json(result, pretty=pretty, ascii_only=ascii_only)
    whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
    read = json.loads(document.encode())
    assert read["problems"][0]["title"] == whole
    assert read["changes"][0]["variants"][0]["variant"] == f"x{whole}"
    assert visible(document.replace("\n", "")) == document.replace("\n", "")
    assert ("\n" in document) is pretty
    assert document.isascii() or not ascii_only


def test_json_does_not_escape_ordinary_writing() -> None:
    assert LAMP.title in as_json(run(problems=[LAMP]))


def test_json_is_one_line_in_a_pipe_and_indented_on_a_terminal() -> None:
    def written(*, terminal: bool) -> str:
        console = Console(file=io.StringIO(), force_terminal=terminal, width=40)
        print_json(run(SPOON, problems=[STAMPS]), console)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    assert written(terminal=False).count("\n") == 1
    assert written(terminal=True).startswith('{\n  "version": 1,\n')
    assert json.loads(written(terminal=False)) == json.loads(written(terminal=True))


def test_json_is_ascii_on_a_stream_that_is_not_utf_8() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="latin-1")
    print_json(run(MUG, problems=[LAMP]), Console(file=stream))
    stream.flush()
    assert json.loads(written.getvalue().decode("ascii"))["problems"][0]["title"] == LAMP.title


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.FAILED, "failed"),
        (Status.INTERRUPTED, "not_attempted"),
        (Status.PARTIAL, "not_attempted"),  # the time limit
        (Status.LOCKED, "not_attempted"),
    ],
)
def test_only_an_error_that_ended_a_run_is_a_failure(status: Status, outcome: str) -> None:
    document = json.loads(as_json(run(not_completed=LEFT, status=status, error="The run was stopped")))
    assert document["problems"][0]["outcome"] == outcome
    assert document["counts"]["failed"] == 0


def test_the_shard_is_named() -> None:
    assert json.loads(as_json(run(SPOON, shard=Shard(3, 8))))["shard"] == "3/8"
