"""The HTML report: complete, and safe from external text."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Action, Outcome, Result, RunResult, Status
from medusa_sync.report.escape import visible
from medusa_sync.report.html import as_html
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    RESPECTED,
    ROW,
    SHIRT,
    SPOON,
    STAMPS,
    TINY,
    of_variants,
    run,
)

EVERYTHING = run(
    SPOON,
    MUG,
    BOWL,
    OVERRULED,
    RESPECTED,
    DRAFTED,
    DELETED,
    problems=[LAMP, STAMPS, ROW],
    not_completed=LEFT,
    notes=("Add a stock location.",),
    error="no response",
    hint="Wait.",
    status=Status.FAILED,
    exit_code=4,
)


class Page(HTMLParser):
    """A parsed page: tags with the names of their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []
        self.attributes: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._within = ""
        self.feed(text)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        self.attributes += [(name, value or "") for name, value in attrs]
        self._within = tag

    def handle_data(self, data: str) -> None:
        if self._within not in {"script", "style"}:
            self._words.append(data)


def hostile(text: str, variants: int) -> RunResult:
    """A run in which every text is external, with changes of some variants."""
    wild = f"x{text}"
    changes = (
        FieldChange(wild, f"{wild}1", f"{wild}2", f"{wild}3", f"{wild}4"),
        FieldChange(wild, (f"{wild}5",), None, (f"{wild}6",), (f"{wild}7",)),
        FieldChange("description", f"{'x' * 100}{text}", f"{text}{'y' * 100}"),
        *(FieldChange(wild, f"{wild}1", None, variant=f"{wild}{number}") for number in range(variants)),
    )
    conflict = Conflict(wild, f"{wild}8", f"{wild}9", OnConflict.STORE, wild)
    return run(
        Outcome(
            wild,
            wild,
            Result.UPDATED,
            action=Action.UPDATE,
            changes=changes,
            conflicts=(conflict,),
        ),
        problems=[Outcome(wild, wild, Result.FAILED, wild)],
        job=wild,
        source_url=wild,
        store_url=wild,
        notes=(wild,),
        error=wild,
        hint=wild,
    )


# --- safe from external text ---------------------------------------------------------------------------

HARMLESS = {variants: Page(as_html(hostile("x", variants))) for variants in (1, 9)}


@example(text="<script>alert(1)</script>")
@example(text="</script></style><img src=x onerror=alert(1)>")
@example(text="\" onmouseover='alert(1)' x=\"")
@example(text="{{ 7 * 7 }}{% raw %}<!--")
@example(text="&lt;b&gt;&#60;i&#62;")
@given(text=TINY)
@pytest.mark.parametrize("variants", HARMLESS)
def test_external_text_adds_no_tags(text: str, variants: int) -> None:
    page = as_html(
        hostile(text.replace("\n", "\\"), variants)
    )  # a line break would add a <br> to a full value
    parsed = Page(page)
    assert parsed.tags == HARMLESS[variants].tags
    assert len(re.findall("<script", page, re.IGNORECASE)) == 1
    assert visible(page.replace("\n", "")) == page.replace("\n", "")
    assert re.sub(r"\s+", " ", visible(f"x{text}".replace("\n", "\\"))).strip() in parsed.text


def test_the_policy_allows_only_the_own_script_and_style() -> None:
    page = as_html(EVERYTHING)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    hashes = {
        name: base64.b64encode(
            hashlib.sha256(re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)[0].encode()).digest()
        ).decode()
        for name in ("script", "style")
    }
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{hashes['script']}'",
        f"style-src 'sha256-{hashes['style']}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_page_loads_nothing() -> None:
    parsed = Page(as_html(EVERYTHING))
    outside = [value for name, value in parsed.attributes if name in {"src", "href", "action", "srcset"}]
    assert outside == ["data:,"]
    assert not any(name == "style" or name.startswith("on") for name, _ in parsed.attributes)
    assert "url(" not in as_html(EVERYTHING)


# --- complete ------------------------------------------------------------------------------------------


def test_the_page_shows_the_whole_run() -> None:
    text = Page(as_html(EVERYTHING)).text.replace("( ", "(")
    for words in (
        "sync-products",
        "https://dummyjson.com/products",
        "→ http://localhost:9000",
        "2 January 2026, 03:04:05 UTC , 9.5 s, exit code 4",
        "Ended early: no response Wait.",
        "Add a stock location.",
        "seen 194 of 194",
        "requests 7 source, 12 store reads, 26 store writes, 1 retry",
        "format JSON pages",
        "unconfirmed 1",
        "not attempted 1",
        "price 9.99 → 10.99 (changed in the source)",
        "price 21 → 19.99 (changed on both sides; last applied: 20)",
        "Our Teapot (kept; changed on both sides; source: Clay Teapot)",
        "price: it is -1, below 0",
        "row 17 is not an object",
    ):
        assert words in text
    for outcome in (*EVERYTHING.changes, *EVERYTHING.problems, *EVERYTHING.not_completed):
        assert f"{outcome.title} {outcome.external_id or '(no id)'}".strip() in text


def test_the_changes_of_a_variant_are_below_its_name() -> None:
    page = as_html(run(SHIRT))
    text = Page(page[page.index("<table") :]).text.replace("( ", "(")
    words = (
        "title Shirt → Linen Shirt (changed in the source)",
        "S / Red price 20 → 21 (changed in the source) option.Size Small → S (changed in the source)",
        "L / Red price 23 → 24 (changed on both sides; last applied: 22)",
        "M / Red sku MINE (kept; changed on both sides; source: SH-M)",
        "XL / Red variant nothing (kept; changed on both sides; source: SH-XL)",
    )
    positions = [re.sub(" +", " ", text).index(each) for each in words]
    assert positions == sorted(positions)


@pytest.mark.parametrize(("number", "is_folded"), [(5, False), (6, True), (2_000, True)])
def test_many_variants_are_folded_but_complete(number: int, *, is_folded: bool) -> None:
    page = as_html(run(of_variants(number)))
    summary = f'<details class="folded"><summary>{number:,} changes of {number:,} variants</summary>'
    assert (summary in page) is is_folded
    assert page.count("<details") == is_folded
    assert re.findall(r"<b><bdi>(V\d+)</bdi></b>", page) == [f"V{index}" for index in range(number)]
    assert len(page) < 30_000 + 400 * number


def test_the_list_of_conflicts_shows_a_few_variants_and_where_the_others_are() -> None:
    page = as_html(run(of_variants(40, 38, 39)))
    conflicts, table = page.split("<table")
    assert re.findall(r"price of (V\d+)", conflicts) == ["V38", "V39", "V0"]
    assert '... and 37 more changes of variants, in <a href="#products">' in conflicts
    assert "40 changes of 40 variants, 2 of them in conflict" in table
    assert table.count('<li class="variant">') == 40


@pytest.mark.parametrize("dry_run", [True, False])
def test_totals_filters_and_bar_use_the_labels_of_the_run(*, dry_run: bool) -> None:
    page = as_html(run(SPOON, MUG, OVERRULED, DRAFTED, problems=[LAMP], dry_run=dry_run))
    create, update, remove = (
        ("to create", "to update", "to remove") if dry_run else ("created", "updated", "removed")
    )
    cards = re.findall(r'<span class="dot">([^<]*)</span><strong>([^<]*)</strong>', page)
    assert cards == [
        (create, "1"),
        (update, "2"),
        ("unchanged", "190"),
        ("rejected", "1"),
        ("failed", "0"),
        (remove, "1"),
        ("conflicts", "1"),
    ]
    (bar,) = re.findall(r'role="img" aria-label="([^"]*)"', page)
    assert bar == f"1 {create}, 2 {update}, 190 unchanged, 1 rejected, 1 {remove}"
    chips = re.findall(r'value="([a-z]*)"(?: checked)?><span>(?:<i class="[^"]*"></i>)?([^<]*)<', page)
    assert chips == [
        ("", "all"),
        ("created", f"{create} 1"),
        ("updated", f"{update} 2"),
        ("rejected", "rejected 1"),
        ("removed", f"{remove} 1"),
        ("conflict", "conflicts 1"),
    ]
    assert ("nothing was written" in page) is dry_run


def test_the_bar_fills_its_length_and_shows_its_smallest_part() -> None:
    counts = dict.fromkeys(Result, 0) | {Result.UNCHANGED: 100_000, Result.FAILED: 1}
    parts = re.findall(r'<rect class="\w+" x="([\d.]+)" width="([\d.]+)"', as_html(run(counts=counts)))
    (first, width), (second, rest) = ((float(start), float(size)) for start, size in parts)
    assert (first, second) == (0, width)
    assert rest > 5
    assert width + rest == pytest.approx(1000)


def test_the_full_text_of_long_values_is_shown() -> None:
    long = FieldChange("description", f"{'old ' * 50}end", f"{'new ' * 50}\nline & end")
    images = FieldChange("images", (), tuple(f"https://cdn.example/{n}.webp" for n in range(5)))
    page = as_html(run(structs.replace(SPOON, changes=(long, images))))
    assert page.count("<details>") == 2
    assert f"<del>{'old ' * 50}end</del>" in page
    assert f"<ins>{'new ' * 50}<br>line &amp; end</ins>" in page
    assert "<del>nothing</del>" in page
    assert "https://cdn.example/0.webp<br>https://cdn.example/1.webp" in page


def test_a_run_without_changes_or_store_is_rendered() -> None:
    result = run(store_url=None, store=None, not_compared=194, counts=dict.fromkeys(Result, 0), seen=0)
    page = as_html(result)
    assert "No product was created, changed, removed or refused." in page
    assert 'aria-label="194 not compared"' in page
    assert "→" not in page
    assert 'aria-label="no products"' in as_html(structs.replace(result, not_compared=0))


def test_only_the_table_has_more_than_twenty_problems() -> None:
    many = [structs.replace(LAMP, external_id=f"id-{n:03}") for n in range(25)]
    page = as_html(run(problems=many))
    assert "... and 5 more, in <a href" in page
    assert page.count("id-019") == 2
    assert page.count("id-020") == 1
