"""What can be written in bulk: the workflows of Medusa, and the ordinary routes for the same."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any

from msgspec import Struct, json

from medusa_sync.core.entities import ALPHABET
from medusa_sync.core.kinds.images import THUMBNAIL
from medusa_sync.medusa.lists import List, fitting
from medusa_sync.medusa.resources import COLLECTIONS, TAGS, TYPES

Body = Mapping[str, Any]

BODY_BYTES = 95_000  # the bulk route accepts 100 kB


class Operation(Struct, frozen=True):
    """What a bulk call does, and the ordinary route for the same.

    Attributes:
        workflow: its id.
        items: the name of the list in its input.
        path: of the ordinary route, with fields of a body in braces; empty if that is not used.
        batch: the list of the ordinary route for several bodies with the same path; empty if it takes one.
        single: the path for one body, if it is another one. It also has the id in its path.
        only_in_bulk: the fields of a body that the ordinary route does not take.
        only_in_path: the fields of a body that are for the path of the ordinary route.
        takes_ids: the lists have ids instead of bodies.
        is_divisible: the ordinary route takes many things that do not belong together, and returns them.
        members: such fields of the members of a list in a body, by the name of the list.
        at_once: how many of them a call has at most.
    """

    workflow: str
    items: str
    path: str
    batch: str = ""
    single: str = ""
    only_in_bulk: frozenset[str] = frozenset()
    only_in_path: frozenset[str] = frozenset()
    takes_ids: bool = False
    is_divisible: bool = False
    members: Mapping[str, frozenset[str]] = {}
    at_once: int = 500

    def parts(self, bodies: Sequence[Body], most: int | None = None) -> Iterator[list[Body]]:
        """Bodies in parts that fit into a request, each of at most so many."""
        count = most or self.at_once
        return fitting(bodies, lambda body: len(json.encode(body)) + 1, most=BODY_BYTES, count=count)

    def units(self, bodies: Sequence[Body]) -> list[list[Body]]:
        """The bodies that are written or refused together: those of a product, if nothing is deleted."""
        if not self.batch or self.takes_ids or self.is_divisible:
            return [[body] for body in bodies]
        return [list(same) for _, same in groupby(bodies, lambda body: self.path.format(**body))]

    def entry(self, body: Body, omitted: frozenset[str]) -> Any:
        """A body as it is sent, without some of its fields."""
        if self.takes_ids:
            return body["id"]
        entry = {name: value for name, value in body.items() if name not in omitted}
        for list_, left_out in self.members.items() if omitted else ():
            entry[list_] = [
                {name: value for name, value in each.items() if name not in left_out} for each in body[list_]
            ]
        return entry


ID = frozenset({"id"})
_PRODUCT = frozenset({"product_id"})
_NEW_VARIANT = frozenset({"id", THUMBNAIL})
_VARIANTS = "/admin/products/{product_id}/variants/batch"


def creates(workflow: str, list_: List[Any]) -> Operation:
    """Creates terms."""
    return Operation(workflow, list_.name, list_.path, only_in_bulk=ID)


CREATE_TAGS = creates("create-product-tags", TAGS)
CREATE_TYPES = creates("create-product-types", TYPES)
CREATE_COLLECTIONS = creates("create-collections", COLLECTIONS)
CREATE_PRODUCTS = Operation(
    "create-products",
    "products",
    "/admin/products/batch",
    "create",
    only_in_bulk=ID,
    is_divisible=True,
    members={"variants": _NEW_VARIANT},
)
CREATE_ITEMS = Operation("create-inventory-items-workflow", "items", "")
RENAME_ITEMS = Operation(
    "update-inventory-items-workflow", "updates", "/admin/inventory-items/{id}", only_in_bulk=ID
)
CREATE_VARIANTS = Operation(
    "create-product-variants", "product_variants", _VARIANTS, "create", only_in_bulk=_NEW_VARIANT | _PRODUCT
)
UPDATE_VARIANTS = Operation(
    "update-product-variants",
    "product_variants",
    _VARIANTS,
    "update",
    # If a workflow hook of the store refuses a variant, only this route keeps its prices.
    single="/admin/products/{product_id}/variants/{id}",
    only_in_path=_PRODUCT,
)
DELETE_VARIANTS = Operation(
    "delete-product-variants",
    "ids",
    _VARIANTS,
    "delete",
    only_in_path=_PRODUCT,
    takes_ids=True,
    at_once=50,  # the time that the store takes grows faster than their number
)

# --- ids of what is created ---


def new_id(prefix: str) -> str:
    """An id like those of Medusa, with a prefix such as `ptag`: ids that are created later sort after it."""
    return f"{prefix}_{_letters((round(time.time() * 1000) << 80) | secrets.randbits(80))}"


def own_id(prefix: str, *parts: str) -> str:
    """An id that follows from what it is for: two runs cannot create the same thing twice.

    It sorts before the ids of Medusa, which begin with the time.
    """
    digest = blake2b("\0".join(parts).encode(), digest_size=10).digest()
    return f"{prefix}_{_letters(int.from_bytes(digest))}"


def new_product_id(external_id: str, generation: int) -> str:
    """The id of a product that this tool creates; each time that it was deleted, the next generation."""
    return own_id("prod", external_id, str(generation))


def new_variant_id(product_id: str, key: str) -> str:
    """The id of a variant that this tool creates together with its product."""
    return own_id("variant", product_id, key)


def _letters(number: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
