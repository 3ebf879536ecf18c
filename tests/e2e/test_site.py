"""The documentation in a real browser, at the widths of a phone and a desktop, light and dark."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from docs.build import DOCS
from tests.tiers import sampled

ROOT = DOCS.parent
PAGES = sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index")
WIDTHS = {"phone": 390, "desktop": 1280}
# What is wider than the window and does not scroll in a box of its own.
TOO_WIDE = """
return [...document.querySelectorAll("article *")].filter((element) =>
  element.getBoundingClientRect().right > innerWidth + 1 &&
  !element.closest("pre, table, .md-typeset__scrollwrap")
).map((element) => element.outerHTML.slice(0, 100));
"""
REQUESTED = "return performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host);"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, which is built without warnings."""
    pytest.importorskip("zensical", reason="the group `docs` is not installed")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=folder, check=True)
    return folder / "build" / "site"


@pytest.fixture(scope="module")
def site(built: Path) -> Iterator[str]:
    """The URL of the site."""
    handler = partial(Quiet, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_site_has_every_page_the_schemas_and_a_search(built: Path) -> None:
    assert {path.parent.name for path in built.glob("*/index.html")} == {*PAGES}
    assert {path.name for path in built.glob("*.json")} >= {"catalogue.schema.json", "result.schema.json"}
    assert not list(built.glob("*.py"))
    assert "--max-removals" in (built / "search.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("device", "scheme"),
    sampled(product(WIDTHS, ["light", "dark"]), ("phone", "dark")),
)
def test_no_page_is_wider_than_the_window_or_asks_another_server(
    device: str, scheme: str, site: str, chrome: Chrome
) -> None:
    size = {"width": WIDTHS[device], "height": 850, "deviceScaleFactor": 1, "mobile": device == "phone"}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    preference = {"name": "prefers-color-scheme", "value": scheme}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    for page in ["", *(f"{name}/" for name in PAGES)]:
        chrome.get(site + page)
        assert chrome.execute_script(TOO_WIDE) == [], page
        assert {*chrome.execute_script(REQUESTED)} <= {site.split("/")[2]}, page
        background = chrome.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
        assert (background == "rgba(255, 255, 255, 1)") == (scheme == "light"), page
    entries = chrome.get_log("browser")  # type: ignore[no-untyped-call]  # selenium has no type for it
    assert [entry for entry in entries if entry["level"] == "SEVERE"] == []
