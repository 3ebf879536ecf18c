"""The HTML report: loads nothing, and stays complete and readable with many products and variants."""

import base64
import hashlib
import re

import pytest
from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.result import Result
from medusa_sync.report.html import as_html
from tests.unit.report.pages import Page
from tests.unit.results import (
    DRAFTED,
    EVERYTHING,
    LAMP,
    MUG,
    NOT_COMPARED,
    OVERRULED,
    SPOON,
    of_variants,
    run,
)


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
    assert dict(cards) == {
        create: "1",
        update: "2",
        "unchanged": "190",
        "rejected": "1",
        "failed": "0",
        remove: "1",
        "conflicts": "1",
    }
    (bar,) = re.findall(r'role="img" aria-label="([^"]*)"', page)
    assert bar == f"1 {create}, 2 {update}, 190 unchanged, 1 rejected, 1 {remove}"
    chips = re.findall(r'value="([a-z]*)"(?: checked)?><span>(?:<i class="[^"]*"></i>)?([^<]*)<', page)
    assert dict(chips) == {
        "": "all",
        "created": f"{create} 1",
        "updated": f"{update} 2",
        "rejected": "rejected 1",
        "removed": f"{remove} 1",
        "conflict": "conflicts 1",
    }


def test_the_bar_fills_its_length_and_shows_its_smallest_part() -> None:
    counts = dict.fromkeys(Result, 0) | {Result.UNCHANGED: 100_000, Result.FAILED: 1}
    parts = re.findall(r'<rect class="\w+" x="([\d.]+)" width="([\d.]+)"', as_html(run(counts=counts)))
    (first, width), (second, rest) = ((float(start), float(size)) for start, size in parts)
    assert (first, second) == (0, width)
    assert rest > 5
    assert width + rest == pytest.approx(1000)
    assert 'aria-label="no products"' in as_html(structs.replace(NOT_COMPARED, not_compared=0))


def test_the_full_text_of_long_values_is_shown() -> None:
    long = FieldChange("description", f"{'old ' * 50}end", f"{'new ' * 50}\nline & end")
    images = FieldChange("images", (), tuple(f"https://cdn.example/{n}.webp" for n in range(5)))
    page = as_html(run(structs.replace(SPOON, changes=(long, images))))
    assert page.count("<details>") == 2
    assert f"<del>{'old ' * 50}end</del>" in page
    assert f"<ins>{'new ' * 50}<br>line &amp; end</ins>" in page
    assert "<del>nothing</del>" in page
    assert "https://cdn.example/0.webp<br>https://cdn.example/1.webp" in page


def test_only_the_table_has_more_than_twenty_problems() -> None:
    many = [structs.replace(LAMP, external_id=f"id-{n:03}") for n in range(25)]
    page = as_html(run(problems=many))
    assert "... and 5 more, in <a href" in page
    assert page.count("id-019") == 2
    assert page.count("id-020") == 1
