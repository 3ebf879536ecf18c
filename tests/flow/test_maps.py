"""Runs with maps: jq programs that turn items of a source into products."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from medusa_sync import RunResult, Settings, sync_products
from medusa_sync.errors import SettingsError
from medusa_sync.sources.maps import program
from tests.flow.stage import SOURCE_NAME, counts, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import ndjson
from tests.harness.dummyjson import DummyJson, Request, Response
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled

pytestmark = pytest.mark.usefixtures("small_pages")

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
    return {
        "artno": f"A{number}",
        "name": f"Shirt {number}",
        "size": size,
        "net": "12.50",
        "photo": f"https://cdn.example/{number}-{size}.jpg",
        "labels": ["shirt"],
        **changes,
    }


ROWS = [article(number, size) for size in ("S", "M", "L") for number in range(1, 5)]


def table(rows: Rows) -> bytes:
    names = ("artno", "name", "size", "net", "photo")
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    return "".join(f" {' ; '.join(each)} \n" for each in cells).encode()


def feed(rows: Rows) -> bytes:
    items = "".join(
        "<item>"
        + "".join(f"<{name}>{row[name]}</{name}>" for name in ("artno", "name", "size", "net", "photo"))
        + "</item>"
        for row in rows
    )
    return f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()


FORMS: dict[str, Callable[[Rows], bytes]] = {
    "JSON": lambda rows: json.dumps(rows, indent=1).encode(),
    "JSON, gzip": lambda rows: gzip.compress(json.dumps({"items": rows, "total": len(rows)}).encode()),
    "NDJSON": ndjson,
    "CSV": table,
    "RSS": feed,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "erp.jq").write_text(ERP, encoding="utf-8")
    return tmp_path


def run(
    folder: Path, body: bytes, store: FakeMedusa, program: str | None = None, **changes: Any
) -> RunResult:
    file, map_ = folder / "export", folder / "erp.jq"
    file.write_bytes(body)
    if program is not None:
        map_.write_text(program, encoding="utf-8")
    return sync(str(file), store, source_map=str(map_), **changes)


def skus(store: FakeMedusa, number: int) -> list[str | None]:
    return [variant.sku for variant in store.products[f"{SOURCE_NAME}:A{number}"].variants]


# --- items and products -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_parts_with_the_same_id_are_one_product_in_any_format(
    folder: Path, store: FakeMedusa, form: str
) -> None:
    result = run(folder, FORMS[form](ROWS), store)
    assert (result.exit_code, counts(result), result.seen) == (0, {"created": 4}, 4), result.problems
    kind, comma, rest = form.partition(",")
    assert result.source_format == f"{kind} (erp.jq){comma}{rest}"
    assert result.source_total == 4
    for number in range(1, 5):
        assert skus(store, number) == [f"A{number}-{size}" for size in ("S", "M", "L")]
        product = store.products[f"{SOURCE_NAME}:A{number}"]
        assert {variant.prices[0].amount for variant in product.variants} == {12.5}
        assert len(product.images) == 3


def test_a_program_that_is_written_in_another_way_writes_nothing(folder: Path, store: FakeMedusa) -> None:
    run(folder, ndjson(ROWS), store)
    result = run(folder, ndjson(ROWS), store, f"def unused: 1;\n{ERP}\n| . # a comment")
    assert (counts(result), writes(store)) == ({"unchanged": 4}, [])


def test_an_item_may_give_several_products_or_none(folder: Path, store: FakeMedusa) -> None:
    rows = [{"id": number, "items": [f"{number}-a", f"{number}-b"]} for number in range(3)]
    program = 'select(.id != 1) | .items[] | {id: ., title: "T", price: 1}'
    result = run(folder, ndjson(rows), store, program)
    assert (result.exit_code, counts(result)) == (0, {"created": 4})
    assert "1 item of the source gives no product, because the map leaves it out." in result.notes
    assert len(run(folder, ndjson(rows), store, "empty", on_missing="keep").notes) == 1


def test_a_json_object_without_a_list_of_items_is_one_item(folder: Path, store: FakeMedusa) -> None:
    document = {"count": 12, "result": {"articles": ROWS}, "next": None, "text": '\u00e9 " {'}
    program = f".result.articles[] | {ERP}"
    result = run(folder, json.dumps(document, indent=1).encode(), store, program)
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), list(result.problems)
    result = run(folder, json.dumps(document | {"next": "https://x.test/?page=2"}).encode(), store, program)
    assert (result.exit_code, "one page of several" in result.error) == (3, True)
    result = run(folder, json.dumps(document).encode()[:-3], store, program)
    assert (result.exit_code, "not complete JSON" in result.error) == (3, True)


def test_identical_parts_count_once_and_of_other_fields_the_first_value_counts(
    folder: Path, store: FakeMedusa
) -> None:
    rows = [
        article(1, "S"),
        article(1, "S"),
        article(1, "M", name="Other", labels=["new"]),
        article(1, "S"),
    ]
    result = run(folder, ndjson(rows), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 1})
    product = store.products[f"{SOURCE_NAME}:A1"]
    assert (product.title, skus(store, 1)) == ("Shirt 1", ["A1-S", "A1-M"])
    assert {tag.value for tag in store.state.tags.values()} == {"shirt", "new"}


def test_limit_counts_products_and_all_items_are_read(folder: Path, store: FakeMedusa) -> None:
    result = run(folder, ndjson(ROWS), store, limit=2)
    assert (result.exit_code, counts(result)) == (0, {"created": 2})
    assert skus(store, 2) == ["A2-S", "A2-M", "A2-L"]


# --- errors ---------------------------------------------------------------------------------------------


def test_an_item_that_fails_is_rejected_with_its_place_and_prevents_removals(
    folder: Path, store: FakeMedusa
) -> None:
    run(folder, ndjson(ROWS), store)
    rows = [*ROWS[:5], {"artno": 7}, *ROWS[6:]]
    result = run(folder, ndjson(rows), store, f"if .artno == 7 then .a.b[0].c | error else . end | {ERP}")
    [problem] = result.problems
    assert (problem.title, problem.external_id) == ("line 6", None)
    assert problem.reason.startswith("erp.jq: ")
    assert result.exit_code == 5
    gone = run(folder, ndjson([{"artno": 7}, *ROWS]), store, f"{ERP} | .id |= tonumber", on_missing="delete")
    assert "removed" not in counts(gone)
    assert "have no id" in gone.notes[0]


def test_a_part_before_an_error_rejects_its_whole_product(folder: Path, store: FakeMedusa) -> None:
    program = f'({ERP}), if .size == "M" and .artno == "A2" then error("no price for M") else empty end'
    result = run(folder, ndjson(ROWS), store, program)
    assert counts(result) == {"created": 3, "rejected": 2}
    assert {(each.external_id, each.reason) for each in result.problems} == {
        (None, "erp.jq: no price for M"),
        (f"{SOURCE_NAME}:A2", "line 6: erp.jq: no price for M"),
    }


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("7", "the map gives '7', which is not a product"),
        ("null", "the map gives 'null', which is not a product"),
        ('{title: "T"}', "the map gives a product without an id"),
        ("{id: null}", "the map gives a product with the id 'null'"),
        ("{id: {}}", "the map gives a product with the id '{}'"),
        ("{id: 9007199254740994}", "the map gives a product with the id '9007199254740994'"),
    ],
)
def test_a_part_of_an_unknown_product_is_rejected(
    folder: Path, store: FakeMedusa, program: str, reason: str
) -> None:
    result = run(folder, json.dumps(ROWS[:1]).encode(), store, program)
    assert [(each.title, each.external_id, each.reason) for each in result.problems] == [
        ("product 1", None, reason)
    ]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (".a |", "erp.jq is not a valid jq program: syntax error"),
        (".a | b", "b/0 is not defined at <top-level>, line 1, column 6"),
        ('import "a" as a; .', "module not found: a"),
        ('include "a"; .', "module not found: a"),
        ('import "erp" as a {search: "FOLDER"}; .', "is not a valid jq program"),
        ("$__prog_args", "$__prog_args is not defined"),
    ],
)
def test_a_program_that_does_not_compile_is_a_wrong_setting(folder: Path, program: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        run(folder, b"[]", FakeMedusa(), program.replace("FOLDER", str(folder)))
    assert caught.value.exit_code == 2
    assert words in str(caught.value)


def test_a_map_that_is_not_there_is_a_wrong_setting(folder: Path) -> None:
    settings = Settings(source="sample", dry_run=True, source_map=str(folder / "none.jq"))
    with pytest.raises(SettingsError, match="No such file") as caught:
        sync_products(settings)
    assert "one of fakestore, shopify-json, woocommerce-csv, woocommerce-json" in str(caught.value)


@pytest.mark.parametrize(("form", "cut"), [("JSON", 0.9), ("NDJSON", 0.3), ("RSS", 0.9)])
def test_nothing_is_written_or_removed_if_the_source_is_cut_off(
    folder: Path, store: FakeMedusa, form: str, cut: float
) -> None:
    run(folder, ndjson(ROWS), store)
    body = FORMS[form]([row | {"net": "99"} for row in ROWS])
    result = run(folder, body[: int(len(body) * cut)], store, on_missing="delete")
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])


# --- programs are not trusted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        "env.MEDUSA_API_KEY",
        "$ENV.MEDUSA_API_KEY",
        '"\\($ENV)"',
        ". as $x | $ENV | tostring",
        "def f: $ENV.MEDUSA_API_KEY; f",
        ".) | $ENV.MEDUSA_API_KEY | (.",
        "[$ENV[]] | tostring",
        "input",
        "[inputs] | tostring",
        '"/etc/hostname" | modulemeta',
    ],
)
def test_a_program_cannot_read_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_hush")
    result = run(
        folder, ndjson(ROWS[:2]), FakeMedusa(), f'{{id: 1, price: 1, title: ("x" + ({program} // "-"))}}'
    )
    shown = f"{[*result.problems]}{result.changes}"
    assert "hush" not in shown
    assert counts(result) in ({"created": 1}, {"rejected": 2})


@pytest.mark.parametrize("name", ["halt", "halt_error", 'halt_error("x")', "now", "input", "env"])
def test_a_program_cannot_drop_items_or_depend_on_the_time(folder: Path, name: str) -> None:
    result = run(folder, ndjson(ROWS[:3]), FakeMedusa(), f"{name} | {ERP}")
    assert (result.exit_code, counts(result)) == (5, {"rejected": 3})
    assert "is not available in a map" in next(iter(result.problems)).reason


def test_numbers_that_jq_would_round_are_texts(folder: Path, store: FakeMedusa) -> None:
    big = 2**53
    body = f'[{{"id": {big + 1}}}, {{"id": {big + 2}}}, {{"id": -{big + 1}}}, {{"id": {big}}}, {{"id": 1.5}}]'
    result = run(folder, body.encode(), store, '{id: (.id | tostring), title: "T", price: 1}')
    assert counts(result) == {"created": 5}
    assert {each.removeprefix(f"{SOURCE_NAME}:") for each in store.products} == {
        *(str(big + 1), str(big + 2), f"-{big + 1}", str(big), "1.5")
    }


# --- pages ----------------------------------------------------------------------------------------------


def pages(server: DummyJson, rows: Rows, size: int = 5, **members: Any) -> None:
    def answer(request: Request) -> Response:
        start = int(request.query.get("skip", "0"))
        return Response.json({"items": rows[start : start + size], **members})

    server.intercept = answer


def test_pages_of_an_api_are_joined(folder: Path, store: FakeMedusa, server: DummyJson) -> None:
    pages(server, ROWS, total=len(ROWS))
    result = sync(server.url, store, source_map=str(folder / "erp.jq"), limit=3)
    assert (result.exit_code, counts(result)) == (0, {"created": 3}), result.error
    assert skus(store, 1) == ["A1-S", "A1-M", "A1-L"]
    assert result.source_format == "JSON pages (erp.jq)"


@pytest.mark.parametrize("count", [5, 12])
def test_pages_without_a_list_of_items_are_items(
    folder: Path, store: FakeMedusa, server: DummyJson, count: int
) -> None:
    """The pages that follow are those that a page names."""

    def answer(request: Request) -> Response:
        start = int(request.query.get("from", 0))
        following = f"{server.url}?from={start + 5}" if start + 5 < count else None
        return Response.json({"next": following, "found": {"articles": ROWS[:count][start : start + 5]}})

    server.intercept = answer
    (folder / "erp.jq").write_text(f".found.articles[] | {ERP}", encoding="utf-8")
    options = {"source_map": str(folder / "erp.jq")}
    assert "--source-format json" in sync(server.url, store, **options).hint
    result = sync(server.url, store, source_format="json", **options)
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), list(result.problems)
    assert len(skus(store, 1)) == (2 if count == 5 else 3)


def test_an_item_is_named_by_its_page(folder: Path, server: DummyJson) -> None:
    pages(server, [*ROWS[:7], {"artno": None}])
    result = sync(server.url, FakeMedusa(), source_map=str(folder / "erp.jq"))
    assert [each.title for each in result.problems] == ["item 3 of page 2"]


# --- programs that do not end --------------------------------------------------------------------------


@pytest.mark.parametrize("text", sampled(["def f: f; f", "[repeat(.)] | length"], "def f: f; f"))
def test_a_program_that_does_not_end_is_an_error_and_nothing_is_written(
    folder: Path, store: FakeMedusa, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(program, "LONGEST_S", 1)
    (folder / "erp.jq").write_text(text)
    result = run(folder, ndjson(ROWS), store)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert "erp.jq takes longer than 1 s for line 1" in result.error or "has ended at line 1" in result.error


def test_a_run_ends_during_a_program_that_does_not_end(folder: Path, store: FakeMedusa) -> None:
    (folder / "erp.jq").write_text("def f: f; f")
    started = monotonic()
    result = run(folder, ndjson(ROWS), store, max_duration=0.5)
    assert (result.exit_code, writes(store)) == (5, [])
    assert "was stopped after 0.5 s" in result.error
    assert monotonic() - started < 5


# --- size -----------------------------------------------------------------------------------------------


def test_a_product_that_is_too_large_is_rejected_alone(
    folder: Path, store: FakeMedusa, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medusa_sync.sources.maps import grouped  # noqa: PLC0415 - most tests do not need it

    monkeypatch.setattr(grouped, "MAX_SIZE", 1_000)
    rows = [*ROWS, *(article(1, f"{number}") for number in range(20))]
    result = run(folder, ndjson(rows), store)
    assert counts(result) == {"created": 3, "rejected": 1}
    [problem] = result.problems
    assert "more than 1,000 characters" in problem.reason
