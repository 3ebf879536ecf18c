"""Runs with maps: jq programs that turn items of a source into products."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pytest

from medusa_sync import RunResult, Settings, sync_products
from medusa_sync.errors import SettingsError
from medusa_sync.sources.maps import program
from tests.flow.stage import SOURCE_NAME, counts, sync_url, writes
from tests.harness.catalogue import ndjson
from tests.harness.dummyjson import DummyJson, Request, Response
from tests.harness.erp import ERP, FORMS, ROWS, Rows
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled

pytestmark = pytest.mark.usefixtures("small_pages")


class Erp:
    """An export of an ERP system, its map, and the store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, FakeMedusa()

    def sync(self, body: bytes, program: str = ERP, **changes: Any) -> RunResult:
        export = self.folder / "export"
        export.write_bytes(body)
        return self.sync_url(str(export), program, **changes)

    def sync_url(self, url: str, program: str = ERP, **changes: Any) -> RunResult:
        map_ = self.folder / "erp.jq"
        map_.write_text(program, encoding="utf-8")
        return sync_url(url, self.store, source_map=str(map_), **changes)

    def skus(self, number: int) -> list[str | None]:
        return [variant.sku for variant in self.store.products[f"{SOURCE_NAME}:A{number}"].variants]


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(tmp_path)


@pytest.mark.parametrize("form", sampled(FORMS, "CSV"))
def test_parts_with_the_same_id_are_one_product(erp: Erp, form: str) -> None:
    result = erp.sync(FORMS[form](ROWS))
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), result.problems
    assert result.seen == result.source_total == 4
    kind, comma, rest = form.partition(",")
    assert result.source_format == f"{kind} (erp.jq){comma}{rest}"
    for number, product in enumerate(erp.store.products.values(), 1):
        assert erp.skus(number) == [f"A{number}-{size}" for size in ("S", "M", "L")]
        assert {variant.prices[0].amount for variant in product.variants} == {12.5}
        assert len(product.images) == 3
    erp.store.requests.clear()
    result = erp.sync(FORMS[form](ROWS), f"def unused: 1;\n{ERP}\n| . # written in another way")
    assert (counts(result), writes(erp.store)) == ({"unchanged": 4}, [])


class Paged(NamedTuple):
    """Pages of an API that are objects.

    Attributes:
        path: of the list, as a map names it.
        said: beside the list, if there are more.
        asks: the parameter with the token; empty if the page is named by its URL.
    """

    path: str
    said: Callable[[str], dict[str, Any]]
    asks: str = ""


PAGED = {
    "OData 4": Paged(".value[]", lambda token: {"@odata.nextLink": f"?$skiptoken={token}"}, "$skiptoken"),
    "OData 2": Paged(".d.results[]", lambda token: {"__next": f"?$skiptoken={token}"}, "$skiptoken"),
    "Salesforce": Paged(".records[]", lambda token: {"done": False, "nextRecordsUrl": f"/more/{token}"}),
    "Airtable": Paged(".records[]", lambda token: {"offset": f"itr/{token}"}, "offset"),
    "Azure": Paged(".value[]", lambda token: {"continuationToken": f"+{token}"}, "continuationToken"),
    "Square": Paged(".objects[]", lambda token: {"cursor": token}, "cursor"),
    "Google": Paged(".resources[]", lambda token: {"nextPageToken": f"{token}=="}, "pageToken"),
}


def object_of(path: str, rows: Rows, said: dict[str, Any]) -> dict[str, Any]:
    *above, name = path.removesuffix("[]").split(".")[1:]
    found: dict[str, Any] = {name: rows, **said}
    for each in above:
        found = {each: found}
    return found


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize("kind", PAGED)
def test_pages_that_are_objects_are_read_to_the_last_one(
    erp: Erp, server: DummyJson, kind: str, *, is_strict: bool
) -> None:
    """Some servers refuse parameters that they do not know, such as our `limit`."""
    paged = PAGED[kind]

    def answer(request: Request) -> Response:
        if is_strict and "limit" in request.query:
            return Response.json({"error": {"message": "limit is not supported"}}, 400)
        found = re.search("row([0-9]+)", request.query.get(paged.asks, request.path))
        start = int(found[1]) if found else 0
        said = paged.said(f"row{start + 5}") if start + 5 < len(ROWS) else {}
        return Response.json(object_of(paged.path, ROWS[start : start + 5], said))

    server.intercept = answer
    result = erp.sync_url(server.url, f"{paged.path} | {ERP}", source_format="json")
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), result.error
    assert {len(erp.skus(number)) for number in range(1, 5)} == {3}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".data.articles.edges[]", {"pageInfo": {"hasNextPage": True}}),
        *((paged.path, paged.said("x")) for paged in PAGED.values()),
        *((".value[]", {name: "x"}) for name in ("nextMarker", "next", "@odata.nextLink")),
        *((".result.articles[]", {name: len(ROWS) + 1}) for name in ("total", "totalCount", "count")),
        (".articles[]", {"total_pages": 2}),
        (".articles[]", {"paging": {"is_last": False}}),
    ],
)
def test_an_object_that_says_that_there_are_more_is_an_error(
    erp: Erp, server: DummyJson, path: str, said: dict[str, Any]
) -> None:
    """A page that another one names has nothing new."""
    answer = object_of(path, ROWS, said)
    server.intercept = lambda _: Response.json(answer)
    program = f"{path} | {ERP}"
    saved = erp.sync(json.dumps(answer).encode(), program)
    for result in (saved, erp.sync_url(server.url, program, source_format="json")):
        assert (result.exit_code, writes(erp.store)) == (3, []), result.error
        assert result.hint


@pytest.mark.parametrize(
    ("query", "said"), [("page=1", {}), ("offset=0", {"paging": {"total": len(ROWS)}}), ("offset=0", {})]
)
def test_objects_are_read_by_page_numbers_or_offsets_if_the_url_has_them(
    erp: Erp, server: DummyJson, query: str, said: dict[str, Any]
) -> None:
    def answer(request: Request) -> Response:
        start = int(request.query.get("offset", 5 * int(request.query.get("page", 1)) - 5))
        return Response.json({"result": {"articles": ROWS[start : start + 5]}} | said)

    server.intercept = answer
    result = erp.sync_url(f"{server.url}?{query}", f".result.articles[] | {ERP}", source_format="json")
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), result.error
    assert {len(erp.skus(number)) for number in range(1, 5)} == {3}


@pytest.mark.parametrize(
    "said",
    [
        {"total": 4, "articles": {"A1": {"images": []}, "A2": {"images": [{"src": "/a"}]}}},
        {"count": len(ROWS), "nextDelivery": "2026-12-01", "moreInfo": "/about", "offset": 0, "cursor": None},
    ],
)
def test_an_object_that_says_nothing_about_other_pages_is_complete(
    erp: Erp, server: DummyJson, said: dict[str, Any]
) -> None:
    answer = {"rows": ROWS} | said if "total" not in said else said
    server.intercept = lambda _: Response.json(answer)
    result = erp.sync_url(server.url, f"{json.dumps(ROWS)}[] | {ERP}", source_format="json")
    assert (result.exit_code, counts(result)) == (0, {"created": 4}), result.error


def test_a_map_that_joins_or_drops_most_products_says_so(erp: Erp) -> None:
    for field in ("title", "name"):  # common names of fields mean the same
        result = erp.sync(ndjson(ROWS), f"{{id: .photo[:19], {field}: .name, price: .net}}")
        [note] = result.notes
        assert f"1 product is made of parts without variants that differ in '{field}': 'Shirt 1' and" in note
    result = erp.sync(ndjson(ROWS), f'select(.artno == "A1") | {ERP}')
    assert "9 items of the source give no product, because the map leaves them out. They are most of 12" in (
        " ".join(result.notes)
    )


# --- errors ---------------------------------------------------------------------------------------------


def test_an_item_that_fails_is_named_and_prevents_removals(erp: Erp) -> None:
    erp.sync(ndjson(ROWS))
    rows = [*ROWS[:5], {"artno": 7}, *ROWS[6:]]
    failing = f"if .artno == 7 then .a.b[0].c | error else . end | {ERP}"
    result = erp.sync(ndjson(rows) + b"broken\n", failing)
    named = {(each.title, each.external_id): each.reason for each in result.problems}
    assert named.keys() == {("line 6", None), (f"line {len(rows) + 1}", None)}
    assert (named["line 6", None][:8], result.exit_code) == ("erp.jq: ", 5)
    gone = erp.sync(ndjson([{"artno": 7}, *ROWS]), f"{ERP} | .id |= tonumber", on_missing="delete")
    assert "removed" not in counts(gone)
    assert any("without an id" in note for note in gone.notes)


@pytest.mark.parametrize("odd", [b"null", b"5", b'"text"'])
def test_an_item_that_is_no_object_is_rejected_whatever_the_map_leaves_out(erp: Erp, odd: bytes) -> None:
    erp.sync(ndjson(ROWS))
    first, *rest = [row for row in ROWS if row["artno"] != "A4"]
    body = ndjson([first]) + odd + b"\n" + ndjson(rest)
    result = erp.sync(body, f"select(.artno?) | {ERP}", on_missing="delete")
    assert [(each.title, each.reason) for each in result.problems] == [("line 2", "it is not an object")]
    assert counts(result) == {"unchanged": 3, "rejected": 1}


WRONG = {
    ".a |": "erp.jq is not a valid jq program: syntax error",
    ".a | b": "b/0 is not defined at <top-level>, line 1, column 6",
    ".a\n| filled\n| b": "b/0 is not defined at <top-level>, line 3, column 3",
    ".a | filled |": "erp.jq is not a valid jq program: syntax error",
    'import "a" as a; .': "module not found: a",
    'import "erp" as a {search: "FOLDER"}; .': "is not a valid jq program",
    "$__prog_args": "$__prog_args is not defined",
}


def test_a_program_that_does_not_compile_is_a_wrong_setting(erp: Erp) -> None:
    for text, words in WRONG.items():
        with pytest.raises(SettingsError) as caught:
            erp.sync(b"[]", text.replace("FOLDER", str(erp.folder)))
        assert (caught.value.exit_code, words in str(caught.value)) == (2, True)


def test_a_map_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    settings = Settings(source="sample", dry_run=True, source_map=str(tmp_path / "none.jq"))
    with pytest.raises(SettingsError, match="No such file") as caught:
        sync_products(settings)
    assert "one of akeneo, bigcommerce, " in str(caught.value)


@pytest.mark.parametrize(("form", "cut"), [("JSON", 0.9), ("NDJSON", 0.3), ("RSS", 0.9)])
def test_nothing_is_written_or_removed_if_the_source_is_cut_off(erp: Erp, form: str, cut: float) -> None:
    erp.sync(ndjson(ROWS))
    body = FORMS[form]([row | {"net": "99"} for row in ROWS])
    result = erp.sync(body[: int(len(body) * cut)], on_missing="delete")
    assert (result.exit_code, result.seen, writes(erp.store)) == (3, 0, [])


# --- pages ----------------------------------------------------------------------------------------------


def pages(server: DummyJson, rows: Rows, size: int = 5, **members: Any) -> None:
    def answer(request: Request) -> Response:
        start = int(request.query.get("skip", "0"))
        return Response.json({"items": rows[start : start + size], **members})

    server.intercept = answer


def test_pages_of_an_api_are_joined(erp: Erp, server: DummyJson) -> None:
    """A limit counts products, and all items are read."""
    pages(server, ROWS, total=len(ROWS))
    result = erp.sync_url(server.url, limit=3)
    assert (result.exit_code, counts(result)) == (0, {"created": 3}), result.error
    assert erp.skus(1) == ["A1-S", "A1-M", "A1-L"]
    assert result.source_format == "JSON pages (erp.jq)"
    pages(server, [*ROWS[:7], {"artno": None}])
    result = erp.sync_url(server.url)
    assert [each.title for each in result.problems] == ["item 3 of page 2"]


def test_pages_without_a_list_of_items_are_items(erp: Erp, server: DummyJson) -> None:
    """The pages that follow are those that a page names."""

    def answer(request: Request) -> Response:
        start = int(request.query.get("from", 0))
        following = f"{server.url}?from={start + 5}" if start + 5 < len(ROWS) else None
        return Response.json({"next": following, "found": {"articles": ROWS[start : start + 5]}})

    server.intercept = answer
    program = f".found.articles[] | {ERP}"
    assert "--source-format json" in erp.sync_url(server.url, program).hint
    assert counts(erp.sync_url(server.url, program, source_format="json")) == {"created": 4}
    assert len(erp.skus(1)) == 3


def test_an_endless_program_is_an_error_and_nothing_is_written(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the time of the run is over before, it ends as usual."""
    endless, started = "def f: f; f", monotonic()
    result = erp.sync(ndjson(ROWS), endless, max_duration=0.5)
    assert (result.exit_code, "was stopped after 0.5 s" in result.error) == (5, True)
    assert monotonic() - started < 5
    monkeypatch.setattr(program, "LONGEST_S", 1)
    result = erp.sync(ndjson(ROWS), endless)
    assert (result.exit_code, result.seen, writes(erp.store)) == (3, 0, [])
    assert "erp.jq takes longer than 1 s for line 1" in result.error or "has ended at line 1" in result.error


def test_a_map_starts_where_python_needs_a_variable(
    erp: Erp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If its process does not start, that is not the fault of the map."""
    missing = "error while loading shared libraries: libpython3.13.so.1.0"
    python = tmp_path / "python"
    check = f'[ "$LD_LIBRARY_PATH" ] || {{ echo "{missing}" >&2; exit 127; }}'
    python.write_text(f'#!/bin/sh\n{check}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    result = erp.sync(ndjson(ROWS))
    assert (result.exit_code, writes(erp.store)) == (3, [])
    assert result.error == f"The process that runs maps cannot be started: {missing}"
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/python/lib")
    assert counts(erp.sync(ndjson(ROWS))) == {"created": 4}
    monkeypatch.setattr(sys, "executable", str(tmp_path))
    result = erp.sync(ndjson(ROWS))
    assert (result.exit_code, "cannot be started: Permission denied" in result.error) == (3, True)


def test_a_map_runs_where_the_memory_is_limited(tmp_path: Path) -> None:
    (tmp_path / "erp.jq").write_text(ERP)
    (tmp_path / "export").write_bytes(ndjson(ROWS))
    command = Path(sys.executable).with_name("medusa-sync")
    limited = f"ulimit -v 500000; exec {command} products --dry-run --source export --source-map erp.jq"
    assert subprocess.run(["/bin/sh", "-c", limited], cwd=tmp_path, check=False).returncode == 0


def test_a_map_that_leaves_all_items_out_ends_the_run_and_says_why(erp: Erp) -> None:
    """Otherwise, the source would look empty: nothing done, exit code 0."""
    result = erp.sync(ndjson(ROWS), 'if .artno == "?" then {} else left_out("not \\(.artno)") end')
    assert (result.exit_code, counts(result)) == (3, {})
    assert (
        "12 items of the source give no product, because the map leaves them out (not A1: 3, " in result.error
    )
    assert "They are all of 12" in result.error
    assert result.hint == "Nothing was removed. Check the map, or export other products too."


def test_a_map_whose_products_are_all_rejected_is_what_a_person_has_to_check(erp: Erp) -> None:
    result = erp.sync(ndjson(ROWS), "{id: .nothing[]}")
    assert (result.exit_code, [*counts(result)]) == (5, ["rejected"])
    [note] = [each for each in result.notes if each.code == "W107"]
    assert note == "The source has no valid product. Check the map: erp.jq."
