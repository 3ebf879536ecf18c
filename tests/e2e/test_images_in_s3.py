"""Images are copied to a store that keeps its files in S3; a browser shows them without the old server."""

from collections.abc import Iterator
from contextlib import ExitStack
from html import escape
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome

from tests.e2e.storefront import Storefront
from tests.e2e.test_copied_images import EXPORT, OLD, interrupt, options_of
from tests.harness.command import Finished, ahead, medusa_sync
from tests.harness.medusa import running_store
from tests.harness.picture_server import old_server, pictured
from tests.harness.postgres import Postgres
from tests.harness.processes import free_port
from tests.harness.s3 import BUCKET, files_in_s3, running_s3
from tests.tiers import deep
from tests.world.shop import Shop

pytestmark = deep

WIDTHS = "return Object.fromEntries([...document.images].map((each) => [each.src, each.naturalWidth]))"


@pytest.fixture(scope="module")
def port() -> int:
    """Of the S3 server."""
    return free_port()


@pytest.fixture
def shop(postgres: Postgres, port: int) -> Iterator[Shop]:
    url = f"http://127.0.0.1:{port}/{BUCKET}"
    with running_store(postgres, bucket_url=url) as store, Shop(store) as shop:
        yield shop


def widths(chrome: Chrome, page: Path, urls: set[str]) -> dict[str, int]:
    """The widths of images on a page in a browser; that of an image that does not load is 0."""
    page.write_text("".join(f'<img src="{escape(each)}">' for each in sorted(urls)), encoding="utf-8")
    chrome.get(page.as_uri())
    found: dict[str, int] = chrome.execute_script(WIDTHS)
    return found


def codes(run: Finished) -> set[str]:
    return {each["code"] for each in run.document["warnings"]}


def test_pictures_get_into_s3_once_it_is_up_and_load_after_the_old_server_is_gone(
    shop: Shop, port: int, chrome: Chrome, tmp_path: Path
) -> None:
    file, page = tmp_path / "export.csv", tmp_path / "shop.html"
    options = options_of(file)
    with Storefront(shop) as storefront, ExitStack() as s3:
        with old_server() as (base, asked):
            file.write_text(OLD.sub(base, EXPORT.read_text(encoding="utf-8")), encoding="utf-8")
            down = medusa_sync(*options, store=shop.store)
            count = down.counts["created"]
            assert (down.exit_code, down.counts) == (0, {"created": count}), down.stderr
            assert "the store did not take it" in down.stderr
            assert "W408" in codes(down)
            sources = storefront.images()
            assert widths(chrome, page, sources) == dict.fromkeys(sources, 1)
            s3.enter_context(running_s3(port))
            interrupt(options, shop.store, asked)
            up = medusa_sync(*options, store=shop.store)  # what the first run has not tried
            assert (up.exit_code, "W408" in codes(up)) == (0, True), up.stderr
            later = medusa_sync(*options, store=shop.store, **ahead(tmp_path, 3_700))
            assert (later.exit_code, codes(later)) == (0, {"I109"}), later.stderr
        copies = storefront.images()
        assert copies == files_in_s3(port)
        assert widths(chrome, page, copies | sources) == dict.fromkeys(copies, 1) | dict.fromkeys(sources, 0)
        shown = [pictured(httpx.get(each).raise_for_status().content) for each in copies]
        assert sorted(shown) == sorted(sources)
        quiet = medusa_sync(*options, store=shop.store)
        assert (quiet.exit_code, quiet.counts) == (0, {"unchanged": count})
        assert quiet.document["requests"]["store_writes"] == 0
