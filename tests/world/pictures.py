"""The images of the source, on a server with faults, and their copies in the store."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

from tests.harness.picture_server import PictureServer, picture, pictured

if TYPE_CHECKING:
    from tests.world.network import Network

HOST = "i.example"
_FAULTS: dict[str, Callable[[], httpx.Response | Exception]] = {
    "404": lambda: httpx.Response(404),
    "HTML": lambda: httpx.Response(200, html="<p>Log in</p>"),
    "reset": lambda: httpx.ReadError("reset"),
    "private": lambda: httpx.Response(302, headers={"location": "http://127.0.0.1/"}),
}


class SlowPictures(PictureServer):
    """Answers after a random time, and at times with a fault."""

    def __init__(self, network: Network, validator: str) -> None:
        super().__init__(validator)
        self._network = network
        self.faulty = 0.0  # the share of answers that are faults

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        network = self._network
        await network.pause()
        if network.dice.random() < self.faulty:
            name = network.dice.choice([*_FAULTS])
            network.states["an image could not be copied"] += 1
            self.faults["*"] = _FAULTS[name]
        try:
            return await super().handle_async_request(request)
        finally:
            self.faults.clear()


def source_of(content_of: Callable[[str], bytes | None], url: str) -> str:
    """The URL at the source of an image of a store, whose files have these contents by their names."""
    content = content_of(url.rpartition("/")[2])
    return pictured(content) if content else url


def is_current(content: bytes, pictures: PictureServer) -> bool:
    """Whether a copy shows an image as the source has it now."""
    url = pictured(content)
    return content == picture(url, version=pictures.versions[url])


def validator(seed: int) -> str:
    """How the server of a world shows that an image has changed; it follows from the seed alone."""
    return random.Random(f"{seed} validators").choice(["etag", "last-modified", ""])


def copies(seed: int) -> bool:
    """Whether a world begins with copies of images; it follows from the seed alone."""
    return random.Random(f"{seed} images").random() < 0.3
