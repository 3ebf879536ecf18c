"""The lines about field changes, how many products a summary lists, and its words about time."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.field_changes import Conflict, FieldChange
from medusa_sync.core.outcome import Action, Outcome
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.value import Value
from medusa_sync.report.changes import details, plain_lines
from medusa_sync.report.csv import as_csv
from medusa_sync.report.html import as_html
from medusa_sync.report.json import as_json
from medusa_sync.report.markdown import as_markdown
from medusa_sync.report.text import as_text
from tests.unit import results
from tests.unit.results import KEEPING, LAMP, OVERRULED, SPOON, URL, of_variants, on_terminal, quietly, run


def line_of(change: FieldChange, action: Action = Action.UPDATE) -> str:
    """The line about a field change, without the field."""
    (line,) = plain_lines(structs.replace(SPOON, changes=(change,), action=action), "->")
    return line.partition(": ")[2]


BACK = "back in the source"
LONG = "A wide bowl in stoneware with a reactive glaze, each piece of which is fired twice. "
CDN = "https://cdn.example/product-images/kitchen-accessories/"
DIGEST = "#0123456789ab"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, 5, "nothing -> 5"),
        ("", "Acme", "an empty text -> Acme"),
        ("a", None, "a -> nothing"),
        (("a", "b"), ("b", "c"), "-a, +c"),
        ((), ("a",), "+a"),
        (None, ("a",), "+a"),
        (12, 10.0, "12 -> 10"),
        ((), None, "nothing -> nothing"),
        (("a", "b"), None, "-a, -b"),
        (("a", "b"), ("b", "a"), "a, b -> b, a"),
        (tuple("abcde"), ("x",), "-a, -b, -c, -2 more, +x"),
        (f"{LONG}Dry.", f"{LONG}Wash.", "...s fired twice. Dry. -> ...s fired twice. Wash."),
        ("short", LONG, "short -> A wide bowl in stoneware with a reactive glaze, each piece o..."),
        ("[b]", "\x1b", "[b] -> \\x1b"),
        # a URL is as short as possible but distinct
        ((CDN + "1.webp",), (CDN + "2.webp",), "-1.webp, +2.webp"),
        ((CDN + "spoon/1.webp",), (CDN + "mug/1.webp",), f"-{CDN[:30]}...tchen-accessories/spoon/1.webp, +"),
        ((CDN + "a" + URL,), (CDN + "b" + URL,), f"-{CDN}a{URL}, +{CDN}b{URL}"),
        ((), (CDN,), f"+{CDN}"),
        ((), (CDN + "x" * 70,), f"+{'x' * 30}...{'x' * 30}"),
        ((), ("for him/for her/for everybody else",), "+for him/for her/for everybody else"),
    ],
)
def test_values_are_shown_briefly(before: Value, after: Value, words: str) -> None:
    shown = line_of(FieldChange("field", before, after, applied=before, desired=after))
    assert shown.startswith(words[:20])
    assert words in shown


SET = FieldChange("field", ("a", "own"), ("own", "c"))
SIDES = "store: a, own; last applied: "


@pytest.mark.parametrize(
    ("change", "applied", "source", "note"),
    [
        (FieldChange("field", 12, 9.99), 12, 9.99, "changed in the source"),
        (FieldChange("field", 12, 9.99), 9.99, 9.99, "undoes a change in the store"),
        (FieldChange("field", None, 9.99), 9.99, 9.99, "missing in the store"),
        (FieldChange("field", 12, 9.99), 10, 9.99, "last applied: 10"),
        (FieldChange("field", 12, 9.99), None, 9.99, "last applied: nothing"),
        (FieldChange("field", 1, 2), 1, 3, "last applied: 1; source: 3"),
        (FieldChange("field", "a", "b"), DIGEST, "b", "last applied: another text"),
        (FieldChange("field", "a", "b"), LONG, "b", f"last applied: {LONG[:60]}..."),
        (FieldChange("status", "draft", "published", setting="--on-missing"), "draft", "published", BACK),
        (SET, ("a", "b"), ("b", "c"), f"{SIDES}a, b; source: b, c"),
        (SET, ("b", "c"), ("c", "b"), "store: a, own; last applied and source: b, c"),
        (SET, ("own", "a"), ("b", "c"), "store and last applied: a, own; source: b, c"),
        (SET, None, ("b", "c"), f"{SIDES}nothing; source: b, c"),
        (SET, ("a", DIGEST), ("c",), f"{SIDES}a, a long text; source: c"),
        (SET, (DIGEST,) * 2, ("c",), f"{SIDES}2 long texts; source: c"),
        (SET, ("a" * 40, "b" * 40), (), f"{SIDES}{'a' * 40}, 1 more; source: nothing"),
        (SET, None, (DIGEST,), f"{SIDES}nothing; source: {DIGEST}"),
        (SET, (), (CDN + "1.webp",), f"{SIDES}nothing; source: 1.webp"),
    ],
)
def test_the_note_is_the_side_that_changed_or_what_each_side_has(
    change: FieldChange, applied: Value, source: Value, note: str
) -> None:
    shown = line_of(structs.replace(change, applied=applied, desired=source))
    assert shown.partition(" (")[2] == f"{note})"


def test_an_adopted_product_has_no_last_applied_values() -> None:
    assert line_of(FieldChange("field", 4999, 49.99, None, 49.99), Action.ADOPT) == "4999 -> 49.99"
    tags = FieldChange("field", ("own",), ("own", "a"), None, ("a",))
    assert line_of(tags, Action.ADOPT) == "+a (store: own; source: a)"


# --- variants -------------------------------------------------------------------------------------------


@given(fields=st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from("xy")), unique=True))
@pytest.mark.parametrize("kept", OnConflict)
def test_a_conflict_belongs_to_the_same_field_of_the_same_variant(
    fields: list[tuple[str, str]], kept: OnConflict
) -> None:
    changes = tuple(FieldChange(field, 1, 2, 1, 2, variant) for variant, field in fields)
    for variant, field in fields:
        conflict = Conflict(field, 1, 2, kept, variant)
        found = details(structs.replace(SPOON, changes=changes, conflicts=(conflict,)))
        contested = [(each.variant, each.field) for each in found if each.kind == "conflict"]
        assert contested == [(variant, field)]
        assert len(found) == len(changes) + (kept is OnConflict.STORE)


def test_no_conflict_is_lost_if_variants_have_the_same_name() -> None:
    prices = (1, 3)
    twins = structs.replace(
        SPOON,
        changes=tuple(FieldChange("price", n, n + 1, variant="Red") for n in prices),
        conflicts=tuple(Conflict("price", n, n + 1, OnConflict.SOURCE, "Red") for n in prices),
    )
    assert [(each.kind, each.stored) for each in details(twins)] == [("conflict", 1), ("conflict", 3)]


@pytest.mark.parametrize(
    ("number", "contested", "shown", "rest"),
    [
        (1, [], ["V0"], ""),
        (5, [4], ["V4", "V0", "V1", "V2", "V3"], ""),
        (6, [], ["V0", "V1", "V2"], "3 more changes"),
        (40, [38, 39], ["V38", "V39", "V0"], "37 more changes"),
        (8, [0, 2, 4, 6], ["V0", "V2", "V4"], "4 more changes and 1 more conflict"),
        (6, range(6), ["V0", "V1", "V2"], "3 more conflicts"),
    ],
)
def test_many_changes_of_variants_are_counted_and_conflicts_come_first(
    number: int, contested: list[int], shown: list[str], rest: str
) -> None:
    shirt = of_variants(number, *contested)
    shirt = structs.replace(shirt, changes=(*shirt.changes, *SPOON.changes))
    assert len(plain_lines(shirt, "->")) == number + 1
    lines = plain_lines(shirt, "->", brief=True)
    assert "price: 9.99 -> 10.99 (changed in the source)" in lines
    assert sorted(re.findall(r"price of (V\d+)", "\n".join(lines))) == sorted(shown)
    counted = [line for line in lines if "more" in line]
    assert counted == ([f"... and {rest} of variants; --verbose lists them all"] if rest else [])


def many(outcome: Outcome, number: int) -> list[Outcome]:
    return [structs.replace(outcome, external_id=f"id-{index:03}") for index in range(number)]


@pytest.mark.parametrize("show", [as_text, on_terminal])
@pytest.mark.parametrize(
    ("outcome", "dry_run", "what"),
    [
        (SPOON, True, "with changes"),
        (OVERRULED, True, "with conflicts"),
        (results.RESPECTED, True, "with conflicts"),
        (results.DRAFTED, True, "to remove"),
        (results.DELETED, False, "removed"),
        (LAMP, False, "with problems"),
        (LAMP, True, "with problems"),
    ],
)
def test_a_list_has_twenty_products_and_counts_the_rest(
    show: Callable[..., str], outcome: Outcome, what: str, *, dry_run: bool
) -> None:
    def shown(number: int) -> str:
        listed = many(outcome, number)
        if outcome is LAMP:
            return show(run(problems=listed, dry_run=dry_run))
        return show(run(*listed, dry_run=dry_run))

    assert len(re.findall(r"id-\d+", shown(20))) == 20
    assert "--json" not in shown(20)
    assert len(re.findall(r"id-\d+", shown(21))) == 20
    assert f"... and 80 more {what}; --json shows them all\n" in shown(100)


@pytest.mark.parametrize("show", [as_text, on_terminal, quietly])
def test_a_run_lists_all_conflicts_and_withheld_values_because_no_other_run_does(
    show: Callable[..., str],
) -> None:
    price, *_ = OVERRULED.conflicts
    conflicts = tuple(structs.replace(price, variant=f"size {number}") for number in range(30))
    changes = tuple(structs.replace(OVERRULED.changes[0], variant=each.variant) for each in conflicts)
    contested = structs.replace(OVERRULED, conflicts=conflicts, changes=changes)
    kept = [
        structs.replace(each, withheld=(structs.replace(each.withheld[0], value=f"BK-{number:02}"),))
        for number, each in enumerate(many(KEEPING, 30))
    ]
    shown = show(run(*many(contested, 30), *kept))
    assert len(re.findall(r"price of size \d+: 21", shown)) == 900
    assert len(re.findall(r"sku: BK-\d\d \(", shown)) == 30
    assert "--json" not in shown


@pytest.mark.parametrize("show", [as_text, on_terminal])
def test_a_value_that_many_want_is_one_entry(show: Callable[..., str]) -> None:
    value = "A-SKU-THAT-IS-NEVER-CUT-" * 4
    [one] = KEEPING.withheld
    wanted = tuple(
        structs.replace(one, variant=f"size {number}", key=str(number), value=value) for number in range(51)
    )
    of_one = show(run(structs.replace(KEEPING, withheld=wanted)), **WIDE[show])
    assert f"sku of 51 variants: {value} ('Our Kettle' (prod_9) has it)" in of_one
    assert of_one.count(value) == 1
    of_many = show(run(*many(structs.replace(KEEPING, withheld=wanted[:1]), 51)), **WIDE[show])
    assert of_many.count("has it") == 1
    rest = "50 more products (id-001, id-002, id-003, id-004, id-005, ...) too"
    assert f"sku {value}: {rest}" in of_many


WIDE: dict[Any, dict[str, int]] = {as_text: {}, on_terminal: {"width": 400}}


@pytest.mark.parametrize("show", [as_text, on_terminal])
def test_a_hint_that_several_products_have_is_shown_once(show: Callable[..., str]) -> None:
    problems = [structs.replace(each, reason=f"{each.external_id} is bad; do this") for each in many(LAMP, 3)]
    one, several = show(run(problems=problems[:1])), show(run(problems=problems))
    assert "id-000 is bad; do this" in one
    assert (several.count("is bad\n"), several.count("Do this.\n"), several.count("; do this")) == (3, 1, 0)


def test_ids_of_the_store_are_only_shown_with_verbose() -> None:
    product, variant = (f"{kind}_{'0' * 20}ABCDEF" for kind in ("prod", "variant"))
    reason = f"{product}: S would have the values of M ({variant}), because M (large) was edited"
    problem = structs.replace(LAMP, reason=reason)
    assert "S would have the values of M, because M (large) was edited" in as_text(run(problems=[problem]))
    assert reason in as_text(run(problems=[problem]), verbose=True)
    assert reason in as_json(run(problems=[problem]))


def test_values_that_were_withheld_before_are_in_all_reports_and_with_verbose() -> None:
    [one] = KEEPING.withheld
    before = structs.replace(KEEPING, withheld=(structs.replace(one, is_new=False, value="OLD-1"),))
    result = structs.replace(run(), withheld=1, withheld_before=(before,))
    assert "OLD-1" not in as_text(result)
    assert "194 products up to date, 1 withheld" in as_text(result)
    assert "sku: OLD-1 ('Our Kettle' (prod_9) has it" in as_text(result, verbose=True)
    assert [each["desired"] for each in json.loads(as_json(result))["withheld_before"]] == ["OLD-1"]
    for render in (as_csv, as_html, as_markdown):
        assert render(result).count("OLD") == 1, render


def test_time_has_units() -> None:
    times = {0.04: "0.0 s", 59.94: "59.9 s", 59.96: "1 min 0 s", 133.4: "2 min 13 s", 3725: "1 h 2 min 5 s"}
    for seconds, words in times.items():
        assert f"time: {words}\n" in as_text(run(SPOON, duration_s=seconds))


@pytest.mark.parametrize("width", [1, 5, 20])
def test_a_very_narrow_terminal_is_no_error(width: int) -> None:
    assert "Spoon" in on_terminal(run(SPOON, problems=[LAMP], dry_run=True), width)
