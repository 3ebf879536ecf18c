"""`make demo`: a real store with Medusa's admin, and what a sync does in it. It runs until it is stopped.

`python -m tests.harness.demo catalogue.csv` takes another catalogue than the sample.
"""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import httpx

from tests.harness import catalogue
from tests.harness.dummyjson import DummyJson, Request, Response, dummyjson
from tests.harness.medusa import Store, running_store
from tests.harness.npm import NodeMissing, node
from tests.harness.postgres import running_postgres
from tests.harness.processes import ProgramError

COMMAND = Path(sys.executable).with_name("medusa-sync")
_IMAGES = "https://cdn.example.com/catalogue/"
_PARTIAL = 5
_LOCATION = "Outlet"
_SKILLET = 2
_OF_SKILLETS = {"prices": {"usd.10+": 35.5}, "stock": {"": 27, _LOCATION: 8}}

Product = dict[str, Any]
_COLOURS = ("#7c9885", "#b5838d", "#6d6875", "#457b9d", "#bc6c25", "#588157", "#9d8189", "#3d5a80")


class Sample:
    """The packaged sample behind HTTP, with pictures, which need no other server."""

    locations: tuple[str, ...] = (_LOCATION,)
    note = (
        f'The "Cast Iron Skillet, 26 cm" costs less from ten on, and has stock at "{_LOCATION}", '
        "a second stock location."
    )

    def __init__(self, server: DummyJson) -> None:
        self._server = server
        root = server.url.removesuffix("/products")
        server.products = [_with_images_at(f"{root}/catalogue/", each) for each in server.products]
        server.edit(_SKILLET, **_OF_SKILLETS)
        server.intercept = _picture
        self.arguments = ["--source", server.url, "--source-name", "demo"]

    def can_rename(self, product: Product) -> bool:
        """Whether the title of a stored product can be changed at the source."""
        return bool(product)

    def rename(self, product: Product, title: str) -> None:
        self._server.edit(int(product["external_id"].partition(":")[2]), title=title)


class File:
    """A file of the user. Only a copy of it is changed."""

    locations: tuple[str, ...] = ()
    note = ""

    def __init__(self, name: str, folder: Path) -> None:
        self._path = Path(name)
        self._copy = folder / self._path.name
        self.arguments = ["--source", name, "--source-name", "demo"]

    def can_rename(self, product: Product) -> bool:
        return self._path.is_file() and self._path.read_bytes().count(product["title"].encode()) == 1

    def rename(self, product: Product, title: str) -> None:
        content = self._path.read_bytes().replace(product["title"].encode(), title.encode())
        self._copy.write_bytes(content)
        self.arguments = ["--source", str(self._copy), "--source-name", "demo"]


@contextmanager
def chosen(name: str) -> Iterator[Sample | File]:
    if name:
        with tempfile.TemporaryDirectory(prefix="medusa-sync-demo-") as folder:
            yield File(name, Path(folder))
    else:
        with dummyjson(catalogue.whole_sample(), catalogue.sample_categories()) as server:
            yield Sample(server)


def _with_images_at(url: str, product: Product) -> Product:
    images = [image.replace(_IMAGES, url) for image in product.get("images", [])]
    return {**product, "images": images, "thumbnail": product.get("thumbnail", "").replace(_IMAGES, url)}


def _picture(request: Request) -> Response | None:
    """A coloured square for each picture of the sample."""
    if not request.path.startswith("/catalogue/"):
        return None
    _, _, category, number, _ = request.path.split("/", 4)
    colour = _COLOURS[sum(category.encode()) % len(_COLOURS)]
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        f'<rect width="100" height="100" fill="{colour}"/><text x="50" y="58" font-size="24" fill="#fff" '
        f'font-family="sans-serif" text-anchor="middle">{int(number)}</text></svg>'
    )
    return Response(200, text.encode(), {"Content-Type": "image/svg+xml"})


@dataclass
class Demo:
    store: Store
    source: Sample | File

    def show(self) -> None:
        for name in self.source.locations:
            location = self._call("POST", "/admin/stock-locations", {"name": name})["stock_location"]
            path = f"/admin/stock-locations/{location['id']}/sales-channels"
            self._call("POST", path, {"add": [self.store.sales_channel_id]})
        self.say("First run: everything is new")
        code = self.sync()
        if code not in {0, _PARTIAL}:
            sys.exit(code)
        print(self.source.note, flush=True)
        self.say("Nothing has changed at the source: nothing is written")
        self.sync()
        product = self._edited()
        if product and self.source.can_rename(product):
            self._show_conflict(product)
        print(self._advice(product), flush=True)

    def _edited(self) -> Product | None:
        """Edit the title of a product, as a merchant would in the admin."""
        path = "/admin/products?limit=100&order=external_id&fields=id,title,external_id"
        products: list[Product] = self._call("GET", path)["products"]
        if not products:
            return None
        product = next(filter(self.source.can_rename, products), products[0])
        edited = f"{product['title']} (edited by the merchant)"
        self._call("POST", f"/admin/products/{product['id']}", {"title": edited})
        self.say(f'A merchant has renamed a product to "{edited}". The next run leaves it alone')
        self.sync()
        stored = self._call("GET", f"/admin/products/{product['id']}?fields=title")["product"]["title"]
        print(f'The title in the store is "{stored}".', flush=True)
        return product

    def _show_conflict(self, product: Product) -> None:
        self.source.rename(product, f"{product['title']} (new)")
        self.say("Now the source changes the same title: a conflict. The source wins, and the run says so")
        self.sync()
        self.say("A quiet run, as from cron: it prints only problems, or nothing")
        code = self.sync("--quiet")
        print(f"(exit code {code})", flush=True)

    def sync(self, *options: str) -> int:
        arguments = [*self.source.arguments, *options]
        print(f"$ medusa-sync products {shlex.join(arguments)}", flush=True)
        env = {**os.environ, "MEDUSA_BACKEND_URL": self.store.url, "MEDUSA_API_KEY": self.store.api_key}
        return subprocess.run([COMMAND, "products", *arguments], env=env, check=False).returncode

    def say(self, text: str) -> None:
        print(f"\n--- {text} ---\n", flush=True)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        auth = (self.store.api_key, "")
        response = httpx.request(method, f"{self.store.url}{path}", json=body, auth=auth, timeout=60)
        return response.raise_for_status().json()

    def _advice(self, product: Product | None) -> str:
        command = COMMAND.relative_to(Path.cwd()) if COMMAND.is_relative_to(Path.cwd()) else COMMAND
        first = f'open "{product["title"]}" and change something' if product else "create one"
        return f"""
--- Look at it in Medusa's admin ---

  {self.store.url}/app
  email     {self.store.email}
  password  {self.store.password}

1. Products: {first}, such as a price, a tag or a variant.
2. Products > Categories, Inventory and Settings > Product Tags have what the source named.
3. Sync again, in another terminal. Your edit stays:

  MEDUSA_BACKEND_URL={self.store.url} \\
  MEDUSA_API_KEY={self.store.api_key} \\
  {command} products {shlex.join(self.source.arguments)}

The store runs until you press Ctrl-C. Then it is deleted with its data.
"""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        node()
    except NodeMissing as missing:
        print(f"{missing}.\nWithout it no store can run; here is a dry run of the catalogue:\n")
        named = ["--source", name, "--source-name", "demo"] if name else ["--source", "sample"]
        sys.exit(subprocess.run([COMMAND, "products", "--dry-run", *named], check=False).returncode)
    print("Starting a Medusa store; the first time this downloads and builds it ...", flush=True)
    try:
        with (
            chosen(name) as source,
            running_postgres() as postgres,
            running_store(postgres, with_admin=True) as store,
        ):
            Demo(store, source).show()
            signal.pause()
    except ProgramError as error:
        sys.exit(str(error))


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    print("\nStopping the store.", flush=True)
    sys.exit()


if __name__ == "__main__":
    main()
