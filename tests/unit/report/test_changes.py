"""The lines about field changes: values, and where a change comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import Value
from medusa_sync.core.result import Action
from medusa_sync.report.changes import details, plain_lines
from tests.unit.results import RESPECTED, SHIRT, SPOON, URL, of_variants


def line_of(change: FieldChange, action: Action = Action.UPDATE) -> str:
    """The line about a field change, without the field."""
    (line,) = plain_lines(structs.replace(SPOON, changes=(change,), action=action), "->")
    return line.partition(": ")[2]


def updated(before: Value, after: Value) -> str:
    """The line about a change in the source."""
    return line_of(FieldChange("field", before, after, applied=before, desired=after))


# --- values ---------------------------------------------------------------------------------------------

LONG = "A wide bowl in stoneware with a reactive glaze, each piece of which is fired twice. "


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
        (
            LONG + "Dishwasher safe.",
            LONG + "Wash by hand.",
            "...s fired twice. Dishwasher safe. -> ...s fired twice. Wash by hand.",
        ),
        ("short", LONG, "short -> A wide bowl in stoneware with a reactive glaze, each piece o..."),
        ("[b]", "\x1b", "[b] -> \\x1b"),
    ],
)
def test_values_are_shown_briefly(before: Value, after: Value, words: str) -> None:
    assert words in updated(before, after)


CDN = "https://cdn.example/product-images/kitchen-accessories/"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((CDN + "1.webp",), (CDN + "2.webp",), "-1.webp, +2.webp"),
        ((CDN + "spoon/1.webp",), (CDN + "mug/1.webp",), f"-{CDN[:30]}...tchen-accessories/spoon/1.webp, +"),
        ((CDN + "a" + URL,), (CDN + "b" + URL,), f"-{CDN}a{URL}, +{CDN}b{URL}"),
        ((), (CDN,), f"+{CDN}"),
        ((), (CDN + "x" * 70,), f"+{'x' * 30}...{'x' * 30}"),
        ((), ("for him/for her/for everybody else",), "+for him/for her/for everybody else"),
    ],
)
def test_a_url_is_as_short_as_possible_but_distinct(before: Value, after: Value, words: str) -> None:
    assert updated(before, after).startswith(words)


@given(before=st.text(max_size=300), after=st.text(max_size=300))
def test_the_first_difference_of_two_long_texts_is_visible(before: str, after: str) -> None:
    if before == after:
        return
    shown = updated(LONG + before, LONG + after).removesuffix(" (changed in the source)")
    left, right = shown.split(" -> ", 1) if shown.count(" -> ") == 1 else ("", shown)
    assert left != right
    assert len(shown) <= 2 * 70 * 10  # an escaped character takes up to ten


# --- where a change comes from --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "applied", "source", "note"),
    [
        (12, 12, 9.99, "changed in the source"),
        (12, 9.99, 9.99, "undoes a change in the store"),
        (None, 9.99, 9.99, "missing in the store"),
        (12, 10, 9.99, "last applied: 10"),
        (12, None, 9.99, "last applied: nothing"),
        (12, 10, None, "last applied: 10"),
        ("a", "#0123456789ab", "b", "last applied: another text"),
        ("a", LONG, "b", "last applied: A wide bowl in stoneware with a reactive glaze, each piece o..."),
    ],
)
def test_the_note_is_the_side_that_changed_or_the_last_applied_value(
    store: Value, applied: Value, source: Value, note: str
) -> None:
    shown = line_of(FieldChange("field", store, source, applied, source))
    assert shown.endswith(f" ({note})")


@pytest.mark.parametrize(
    ("applied", "source", "note"),
    [
        (("a", "b"), ("b", "c"), "store: a, own; last applied: a, b; source: b, c"),
        (("b", "c"), ("c", "b"), "store: a, own; last applied and source: b, c"),
        (("own", "a"), ("b", "c"), "store and last applied: a, own; source: b, c"),
        (None, ("b", "c"), "store: a, own; last applied: nothing; source: b, c"),
        (("a", "#0123456789ab"), ("c",), "store: a, own; last applied: a, a long text; source: c"),
        (("#0123456789ab",) * 2, ("c",), "store: a, own; last applied: 2 long texts; source: c"),
        (("a" * 40, "b" * 40), (), f"store: a, own; last applied: {'a' * 40}, 1 more; source: nothing"),
        (None, ("#0123456789ab",), "store: a, own; last applied: nothing; source: #0123456789ab"),
        ((), (CDN + "1.webp",), "store: a, own; last applied: nothing; source: 1.webp"),
    ],
)
def test_the_note_has_the_members_of_each_side(applied: Value, source: Value, note: str) -> None:
    shown = line_of(FieldChange("field", ("a", "own"), ("own", "c"), applied, source))
    assert shown == f"-a, +c ({note})"


SETS = st.lists(st.sampled_from("abcd"), unique=True).map(tuple)


@given(store=SETS, after=SETS, applied=SETS, source=SETS)
def test_the_line_about_a_set_shows_all_three_sides(
    store: tuple[str, ...], after: tuple[str, ...], applied: tuple[str, ...], source: tuple[str, ...]
) -> None:
    if set(store) == set(after):
        return
    line = line_of(FieldChange("field", store, after, applied, source))
    moved, note = line.removesuffix(")").split(" (")
    if note == "changed in the source":
        assert (set(applied), set(source)) == (set(store), set(after))
    elif note in {"undoes a change in the store", "missing in the store"}:
        assert set(applied) == set(source) == set(after)
    else:
        sides = {
            label: set(members.split(", ")) - {"nothing"}
            for labels, members in (part.split(": ") for part in note.split("; "))
            for label in labels.split(" and ")
        }
        assert sides == {"store": set(store), "last applied": set(applied), "source": set(source)}
    unfolded = [piece for piece in moved.split(", ") if "more" not in piece]
    assert {piece[1:] for piece in unfolded if piece[0] == "-"} <= set(store) - set(after)
    assert {piece[1:] for piece in unfolded if piece[0] == "+"} <= set(after) - set(store)


TAGS = FieldChange("field", ("own",), ("own", "a"), None, ("a",))


@pytest.mark.parametrize(
    ("change", "action", "shown"),
    [
        (FieldChange("field", 1, 2, 1, 3), Action.UPDATE, "1 -> 2 (last applied: 1; source: 3)"),
        (FieldChange("field", 4999, 49.99, None, 49.99), Action.ADOPT, "4999 -> 49.99"),
        (TAGS, Action.ADOPT, "+a (store: own; source: a)"),
        (
            FieldChange("status", "draft", "published", "draft", "published"),
            Action.UPDATE,
            "draft -> published (back in the source)",
        ),
    ],
)
def test_the_note_says_what_is_special(change: FieldChange, action: Action, shown: str) -> None:
    assert line_of(change, action) == shown


def test_long_values_of_a_conflict_are_cut_to_show_the_difference() -> None:
    conflict = Conflict("field", LONG + "Mine.", LONG + "Theirs.", OnConflict.STORE)
    (shown,) = plain_lines(structs.replace(RESPECTED, conflicts=(conflict,)), "->")
    source = "source: ...s fired twice. Theirs.; the store wins"
    assert shown == f"field: ...s fired twice. Mine. (kept; changed on both sides; {source})"


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
    twins = structs.replace(
        SHIRT,
        changes=(FieldChange("price", 1, 2, variant="Red"), FieldChange("price", 3, 4, variant="Red")),
        conflicts=tuple(Conflict("price", n, n + 1, OnConflict.SOURCE, "Red") for n in (1, 3)),
    )
    assert [(each.kind, each.stored) for each in details(twins)] == [("conflict", 1), ("conflict", 3)]


def test_a_long_name_of_a_variant_is_shortened() -> None:
    change = FieldChange("price", 1, 2, 1, 2, f"start{'x' * 500}end")
    (shown,) = plain_lines(structs.replace(SPOON, changes=(change,)), "->")
    assert shown.startswith("price of startxxx")
    assert "xxxend: 1 -> 2" in shown
    assert len(shown) < 150


# --- many variants --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 5, 6, 2_000])
def test_many_changes_of_variants_are_counted(number: int) -> None:
    shirt = of_variants(number)
    shirt = structs.replace(shirt, changes=(*shirt.changes, *SPOON.changes))
    lines = plain_lines(shirt, "->")
    assert len(lines) == number + 1
    if number > 5:
        rest = f"... and {number - 3} more changes of variants; --verbose lists them all"
        lines = ["price: 9.99 -> 10.99 (changed in the source)", *lines[:3], rest]
    assert plain_lines(shirt, "->", brief=True) == lines


def test_conflicts_are_shown_before_other_changes_of_variants() -> None:
    lines = plain_lines(of_variants(40, 38, 39), "->", brief=True)
    assert [line.split(":")[0] for line in lines[:-1]] == ["price of V38", "price of V39", "price of V0"]
    assert lines[-1].startswith("... and 37 more changes of variants;")
    lines = plain_lines(of_variants(8, 0, 2, 4, 6), "->", brief=True)
    assert lines[-1].startswith("... and 4 more changes and 1 more conflict of variants;")
    assert plain_lines(of_variants(6, *range(6)), "->", brief=True)[-1].startswith(
        "... and 3 more conflicts of variants;"
    )
