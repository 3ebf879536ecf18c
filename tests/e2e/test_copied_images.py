"""A shop is moved with its pictures, which load from the store after the old server is gone."""

import json
import re
from itertools import chain
from pathlib import Path
from signal import SIGTERM
from time import sleep

import httpx

from medusa_sync.images import MAX_IMAGE_BYTES
from tests.harness.command import ahead, medusa_sync, running
from tests.harness.medusa import Store
from tests.harness.picture_server import old_server, pictured
from tests.tiers import deep
from tests.world.shop import Shop

EXPORT = Path(__file__).parents[1] / "catalogues" / "shopify-tableware.csv"
OLD = re.compile(r"https://images\.example\.com")


def options_of(file: Path) -> tuple[str, ...]:
    return ("--source", str(file), "--source-name", "shop", "--copy-images", "127.0.0.1", "--json")


def interrupt(options: tuple[str, ...], store: Store, asked: list[str]) -> None:
    """Begin a run, and end it after it has asked for some images."""
    before = len(asked)
    with running(*options, store=store) as run:
        while len(asked) < before + 5 and not run.has_ended:
            sleep(0.01)
        run.send(SIGTERM)  # a kill inside of an upload leaves a request that Medusa never ends
        run.finish()


def loaded(store: Store, url: str) -> bytes:
    """An image of the store."""
    return httpx.get(f"{store.url}{httpx.URL(url).path}").raise_for_status().content


def test_pictures_of_a_shopify_export_load_after_the_old_server_is_gone(
    store: Store, shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    options = options_of(file)

    def source_of(url: str) -> str:
        return pictured(loaded(store, url))

    def shown() -> dict[str, list[str]]:
        """What the images of each product show."""
        return {
            each["external_id"]: [source_of(own["url"]) for own in each["images"]] for each in shop.products()
        }

    with old_server() as (base, asked):
        text = OLD.sub(base, EXPORT.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
        interrupt(options, store, asked)
        first = {*asked}
        result = medusa_sync(*options, store=store)
        assert result.exit_code == 0, result.document
        assert first < {*asked} == {*re.findall(rf'{base}[^,"\n]*', text)}
    before = shown()
    assert all(len(each) == len({*each}) for each in before.values())
    variants = shop.get("/admin/product-variants", fields="thumbnail", limit=1_000)["variants"]
    thumbnails = {own["thumbnail"] for own in (*shop.products(), *variants)} - {None}
    assert {*chain(*before.values()), *map(source_of, thumbnails)} == {*asked}
    quiet = medusa_sync(*options, store=store)
    assert (quiet.exit_code, quiet.counts) == (0, {"unchanged": len(before)})
    assert quiet.document["requests"]["store_writes"] == 0
    assert shown() == before


@deep
def test_a_provider_that_fails_costs_no_product_and_later_takes_images_of_every_size(
    store: Store, shop: Shop, tmp_path: Path
) -> None:
    file, static = tmp_path / "shop.json", store.log.with_name("static")
    options = options_of(file)
    sizes = {"/large.png": MAX_IMAGE_BYTES, "/too-large.png": MAX_IMAGE_BYTES + 1, "/small.png": 0}
    with old_server(sizes) as (base, _):
        images = [f"{base}{path}" for path in sizes]
        row = {"id": 1, "title": "Cup", "price": 3, "currency": "usd", "images": images}
        file.write_text(json.dumps([row]), encoding="utf-8")

        def shown() -> list[str]:
            [product] = shop.products()
            return [image["url"] for image in product["images"]]

        away = static.rename(static.with_name("away")) if static.exists() else None
        static.touch()  # so no file can be written into it
        try:
            failed = medusa_sync(*options, store=store)
        finally:
            static.unlink()
            if away:
                away.rename(static)
        assert (failed.exit_code, failed.counts, shown()) == (0, {"created": 1}, images)
        assert failed.stderr.count("the store did not take it") == 2
        quiet = medusa_sync(*options, store=store)
        assert (quiet.counts, quiet.document["requests"]["store_writes"]) == ({"unchanged": 1}, 0)
        later = medusa_sync(*options, store=store, **ahead(tmp_path, 3_700))
        assert (later.exit_code, later.counts) == (0, {"updated": 1}), later.stderr
    large, too_large, small = shown()
    assert [pictured(loaded(store, each)) for each in (large, small)] == [images[0], images[2]]
    assert (len(loaded(store, large)), too_large) == (MAX_IMAGE_BYTES, images[1])
