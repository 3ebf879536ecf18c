"""A shop is moved with its pictures, which load from the store after the old server is gone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from signal import SIGTERM
from threading import Thread
from time import sleep

import httpx

from tests.harness.command import medusa_sync, running
from tests.harness.medusa import Store
from tests.harness.picture_server import picture, pictured
from tests.world.shop import Shop

EXPORT = Path(__file__).parents[1] / "catalogues" / "shopify-tableware.csv"
OLD = re.compile(r"https://images\.example\.com")


@contextmanager
def old_server() -> Iterator[tuple[str, list[str]]]:
    """A server of images; yields its URL, and what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://{self.headers['host']}{self.path}"
            asked.append(url)
            body = picture(url)
            self.send_response(200)
            self.send_header("content-type", "image/png")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_pictures_of_a_shopify_export_load_after_the_old_server_is_gone(
    store: Store, shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    options = ("--source", str(file), "--source-name", "shop", "--copy-images", "127.0.0.1", "--json")

    def loaded(url: str) -> str:
        """What an image of the store shows."""
        return pictured(httpx.get(f"{store.url}{httpx.URL(url).path}").raise_for_status().content)

    def shown() -> dict[str, list[str]]:
        """What the images of each product show."""
        return {
            each["external_id"]: [loaded(own["url"]) for own in each["images"]] for each in shop.products()
        }

    with old_server() as (base, asked):
        text = OLD.sub(base, EXPORT.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
        with running(*options, store=store) as run:
            while len(asked) < 5 and not run.has_ended:
                sleep(0.01)
            run.send(SIGTERM)  # a kill inside of an upload leaves a request that Medusa never ends
            run.finish()
        first = {*asked}
        result = medusa_sync(*options, store=store)
        assert result.exit_code == 0, result.document
        assert first < {*asked} == {*re.findall(rf'{base}[^,"\n]*', text)}
    before = shown()
    assert all(len(each) == len({*each}) for each in before.values())
    variants = shop.get("/admin/product-variants", fields="thumbnail", limit=1_000)["variants"]
    thumbnails = {own["thumbnail"] for own in (*shop.products(), *variants)} - {None}
    assert {*chain(*before.values()), *map(loaded, thumbnails)} == {*asked}
    quiet = medusa_sync(*options, store=store)
    assert (quiet.exit_code, quiet.counts) == (0, {"unchanged": len(before)})
    assert quiet.document["requests"]["store_writes"] == 0
    assert shown() == before
