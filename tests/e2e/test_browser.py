"""The HTML report in a real browser: it can be searched and read, and titles cannot run scripts."""

from pathlib import Path

import pytest
from msgspec import structs
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from medusa_sync import Action, Outcome, Result, RunResult
from medusa_sync.codes import Note
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.report.file import write_report
from tests.unit.results import DRAFTED, LAMP, MUG, OVERRULED, PRICE, RESPECTED, SPOON, run

IMAGE = "<img src=data:, onerror=\"document.title = 'owned'\">"
HOSTILE = (
    "<script>document.title = 'owned'</script>",
    "</script><script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "<svg onload=\"document.title = 'owned'\">",
    '" autofocus onfocus="document.title = \'owned\'" x="',
    "<style>* { display: none }</style>",
    "<!-- <base href=https://evil.example> -->",
    "invoice\u202etxt.exe",
    "{{ 7 * 7 }}",
    "\x1b[31mred\x1b[0m",
    "W" * 500,
)

# The lowest contrast between a text and its background, by the formula of WCAG 2.
CONTRAST = """
const light = (colour) => {
  const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
  const [r, g, b] = parts.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  const colour = getComputedStyle(element).backgroundColor;
  return colour === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : colour;
};
const texts = [...document.body.querySelectorAll("*:not(script)")].filter((element) =>
  [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""));
return Math.min(...texts.map((element) => {
  const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
  return (both[0] + 0.05) / (both[1] + 0.05);
}));
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(two_hundred(), path)
    return path


@pytest.fixture
def page(chrome: Chrome, report: Path) -> Chrome:
    """The report in a window of desktop width."""
    return opened(chrome, report, 1280)


def two_hundred() -> RunResult:
    """A run with 200 outcomes, some with hostile texts."""
    tags = FieldChange("tags", ("kitchen", "wood"), ("kitchen", "handmade"))
    text = FieldChange(
        "description", f"{'Of olive wood. ' * 9}Oiled twice.", f"{HOSTILE[0] * 4}\n{HOSTILE[1]}"
    )
    field = FieldChange(HOSTILE[2], HOSTILE[3], (HOSTILE[0], *HOSTILE))
    known = (SPOON, MUG, OVERRULED, RESPECTED, DRAFTED)
    problems = [LAMP, *(Outcome(title, title, Result.FAILED, title) for title in HOSTILE)]
    changes = [
        Outcome(
            f"dummyjson:{1000 + number}",
            HOSTILE[number] if number < len(HOSTILE) else f"Product {number}",
            Result.UPDATED,
            action=Action.UPDATE,
            changes=(PRICE, tags, text, field)[number % 4 :],
        )
        for number in range(200 - len(known) - len(problems))
    ]
    notes = (Note("not_used", HOSTILE[0]),)
    result = run(*known, *changes, problems=problems, notes=notes, error=HOSTILE[1], hint=HOSTILE[2])
    return structs.replace(result, counts={**result.counts, Result.UNCHANGED: 9})


def opened(chrome: Chrome, report: Path, width: int, *, scheme: str = "light") -> Chrome:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    preference = {"name": "prefers-color-scheme", "value": scheme}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    log(chrome)  # messages of an earlier page
    chrome.get(report.as_uri())
    return chrome


def log(chrome: Chrome) -> list[str]:
    """Console messages since the last call."""
    lines = chrome.get_log("browser")  # type: ignore[no-untyped-call]
    return [line["message"] for line in lines]


def search(page: Chrome, text: str) -> None:
    field = page.find_element(By.NAME, "find")
    field.send_keys(Keys.ESCAPE, text)


def shown(page: Chrome) -> list[str]:
    """Ids in the visible rows."""
    rows = page.find_elements(By.CSS_SELECTOR, "#products tbody tr:not([hidden]) .id")
    return [row.get_attribute("textContent") or "" for row in rows]


def count(page: Chrome) -> str:
    return page.find_element(By.ID, "count").text


def test_the_table_can_be_searched(page: Chrome) -> None:
    assert count(page) == "200 products"
    search(page, "creme MUG")
    assert shown(page) == [MUG.external_id]
    assert count(page) == "1 of 200 products"
    search(page, "dummyjson:40")
    assert shown(page) == [OVERRULED.external_id]
    search(page, "handmade 1015")
    assert shown(page) == []
    assert count(page) == "No product matches."
    search(page, "handmade 1016")
    assert shown(page) == ["dummyjson:1016"]
    search(page, "")
    assert count(page) == "200 products"
    page.find_element(By.NAME, "find").submit()
    assert log(page) == []


def test_the_table_can_be_filtered_by_outcome_from_the_keyboard(page: Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "input[value=conflict]").send_keys(" ")
    assert shown(page) == [OVERRULED.external_id, RESPECTED.external_id]
    search(page, "teapot")
    assert shown(page) == [RESPECTED.external_id]
    search(page, "x")
    page.find_element(By.CSS_SELECTOR, "input[value=removed]").send_keys(" ")
    assert shown(page) == []
    page.find_element(By.CSS_SELECTOR, "input[value='']").send_keys(" ")
    search(page, "")
    assert count(page) == "200 products"


def test_titles_cannot_run_scripts_or_add_elements(page: Chrome) -> None:
    assert page.title.startswith("sync-products: ")
    for selector, number in {"script": 1, "style": 1, "img": 0, "base": 0, "svg": 1, "[onload]": 0}.items():
        assert len(page.find_elements(By.CSS_SELECTOR, selector)) == number, selector
    titles = [each.get_attribute("textContent") for each in page.find_elements(By.CSS_SELECTOR, "td .title")]
    assert set(HOSTILE[:7]) < set(titles)
    assert {r"invoice\u202etxt.exe", r"\x1b[31mred\x1b[0m", "{{ 7 * 7 }}"} < set(titles)
    assert log(page) == []


def test_injected_scripts_do_not_run(chrome: Chrome, report: Path, tmp_path: Path) -> None:
    broken, text = tmp_path / "broken.html", report.read_text(encoding="utf-8")
    broken.write_text(text.replace("</main>", f"{HOSTILE[0]}{IMAGE}</main>"), encoding="utf-8")
    page = opened(chrome, broken, 1280)
    assert page.title.startswith("sync-products: ")
    assert len([line for line in log(page) if "Content Security Policy" in line]) >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_report_can_be_read_on_every_screen(
    scheme: str, width: int, chrome: Chrome, report: Path
) -> None:
    page = opened(chrome, report, width, scheme=scheme)
    assert page.execute_script(CONTRAST) >= 4.5
    page.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.execute_script("document.querySelectorAll('tr').forEach((row) => row.scrollIntoView())")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    assert log(page) == []
