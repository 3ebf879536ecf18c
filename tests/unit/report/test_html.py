"""The HTML report: loads nothing, and stays complete and readable with many products and variants."""

import base64
import hashlib
import re

import pytest
from msgspec import structs

from medusa_sync.core.outcome import Result
from medusa_sync.report.html import as_html
from tests.unit.report.pages import Page
from tests.unit.results import EVERYTHING, NOT_COMPARED, of_variants, run


def test_the_policy_allows_only_the_own_script_and_style() -> None:
    page = as_html(EVERYTHING)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    hashes = {}
    for name in ("script", "style"):
        [text] = re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)
        hashes[name] = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        *(f"{name}-src 'sha256-{digest}'" for name, digest in hashes.items()),
        *("img-src data:", "base-uri 'none'", "form-action 'none'"),
    ]


def test_the_page_loads_nothing() -> None:
    page = as_html(EVERYTHING)
    attributes = Page(page).attributes
    assert [each for name, each in attributes if name in {"src", "href", "action", "srcset"}] == ["data:,"]
    assert not any(name == "style" or name.startswith("on") for name, _ in attributes)
    assert "url(" not in page


@pytest.mark.parametrize(("number", "is_folded"), [(5, False), (6, True), (2_000, True)])
def test_many_variants_are_folded_but_complete(number: int, *, is_folded: bool) -> None:
    page = as_html(run(of_variants(number)))
    summary = f'<details class="folded"><summary>{number:,} changes of {number:,} variants</summary>'
    assert (summary in page) is is_folded
    assert page.count("<details") == is_folded
    assert re.findall(r"<b><bdi>(V\d+)</bdi></b>", page) == [f"V{index}" for index in range(number)]
    assert len(page) < 30_000 + 400 * number


def test_the_bar_fills_its_length_and_shows_its_smallest_part() -> None:
    counts = dict.fromkeys(Result, 0) | {Result.UNCHANGED: 100_000, Result.FAILED: 1}
    parts = re.findall(r'<rect class="\w+" x="([\d.]+)" width="([\d.]+)"', as_html(run(counts=counts)))
    (first, width), (second, rest) = ((float(start), float(size)) for start, size in parts)
    assert (first, second) == (0, width)
    assert rest > 5
    assert width + rest == pytest.approx(1000)
    assert 'aria-label="no products"' in as_html(structs.replace(NOT_COMPARED, not_compared=0))
