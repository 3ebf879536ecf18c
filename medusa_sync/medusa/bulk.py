"""Writes many things in one call, by running the workflows of Medusa that the ordinary routes run for one."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct, field

from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa import responses
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import find

logger = logging.getLogger(__name__)

_BODY_BYTES = 95_000  # the route accepts 100 kB
_AT_ONCE = 4  # requests to ordinary routes
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of ULIDs
_LENGTH = 26
_UNUSABLE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED})

Body = Mapping[str, Any]
Refusal = StoreRefusedError | AmbiguousWriteError
"""Why the store refused something; ambiguous is a 500, which does not say why."""

Result = str | Refusal
"""The id of what was written, or why it was not."""


class Operation(Struct, frozen=True):
    """What a bulk call does, and the ordinary route for the same.

    Attributes:
        workflow: its id.
        items: the name of the list in its input.
        path: of the ordinary route; fields of a body in braces.
        batch: the list of the ordinary route for several bodies with the same path; empty if it takes one.
        single: the path for one body, if it is another one. It also has the id in its path.
        only_in_bulk: the fields of a body that the ordinary route does not take.
        only_in_path: the fields of a body that are for the path of the ordinary route.
        takes_ids: the lists have ids instead of bodies.
        at_once: how many of them a call has at most.
        key: a unique field by which a created thing can be found; empty if it cannot.
        page: a list of such things.
    """

    workflow: str
    items: str
    path: str
    batch: str = ""
    single: str = ""
    only_in_bulk: frozenset[str] = frozenset()
    only_in_path: frozenset[str] = frozenset()
    takes_ids: bool = False
    at_once: int = 500
    key: str = ""
    page: type[responses.Page[Any]] | None = None


_ID = frozenset({"id"})
_PRODUCT = frozenset({"product_id"})
_VARIANTS = "/admin/products/{product_id}/variants/batch"

CREATE_TAGS = Operation(
    "create-product-tags",
    "product_tags",
    "/admin/product-tags",
    only_in_bulk=_ID,
    key="value",
    page=responses.Tags,
)
CREATE_TYPES = Operation(
    "create-product-types",
    "product_types",
    "/admin/product-types",
    only_in_bulk=_ID,
    key="value",
    page=responses.Types,
)
CREATE_COLLECTIONS = Operation(
    "create-collections",
    "collections",
    "/admin/collections",
    only_in_bulk=_ID,
    key="handle",
    page=responses.Collections,
)
CREATE_CATEGORIES = Operation(
    "create-product-categories",
    "product_categories",
    "/admin/product-categories",
    only_in_bulk=_ID,
    key="handle",
    page=responses.CategoryIds,
)
CREATE_ITEMS = Operation(
    "create-inventory-items-workflow", "items", "/admin/inventory-items", only_in_bulk=_ID
)
RENAME_ITEMS = Operation(
    "update-inventory-items-workflow", "updates", "/admin/inventory-items/{id}", only_in_bulk=_ID
)
CREATE_VARIANTS = Operation(
    "create-product-variants", "product_variants", _VARIANTS, "create", only_in_bulk=_ID | _PRODUCT
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


class _Acknowledgement(Struct):
    has_finished: bool = field(name="hasFinished")
    has_failed: bool = field(name="hasFailed")


class _Run(Struct):
    acknowledgement: _Acknowledgement


class Bulk:
    """Runs operations for many things.

    A refused call changes nothing. It is halved until the culprit is alone, which is sent to its ordinary
    route for the reason; new and changed variants of a product stay together. If the store does not offer
    the bulk route, for example because the role of the credentials lacks `workflow_execution:read`,
    everything is sent to the ordinary routes.

    Args:
        client: of the store.

    Attributes:
        is_available: the store has not refused the bulk route yet.
    """

    def __init__(self, client: MedusaClient) -> None:
        self._client = client
        self.is_available = True

    async def run(self, operation: Operation, bodies: Sequence[Body]) -> list[Result]:
        """Carry out an operation for some things.

        Args:
            operation: what to do.
            bodies: each with an `id`; the ordinary routes give new things ids of their own.

        Returns:
            The result of each, in the order of the bodies.

        Raises:
            AmbiguousWriteError: some may not have arrived.
            StoreError: the store is unavailable.
        """
        results: list[Result] = []
        for part in _parts(bodies, operation.at_once):
            sent, rest = await self._try(operation, part), part
            if isinstance(sent, AmbiguousWriteError):
                # If the store fails every write, the ordinary route fails too, and nothing more is sent.
                first = await self._ordinary(operation, _units(operation, part)[0])
                if isinstance(first[0], AmbiguousWriteError):
                    raise first[0]
                results, rest = [*results, *first], part[len(first) :]
            results += sent if isinstance(sent, list) else await self._bisect(operation, rest, sent)
        return results

    async def _bisect(self, operation: Operation, bodies: Sequence[Body], refusal: Refusal) -> list[Result]:
        """Carry out the halves of a call that the store refused."""
        units = _units(operation, bodies)
        if len(units) <= 1:
            return await self._ordinary(operation, bodies)
        logger.info(
            "bisecting %d of %s: %s", len(bodies), operation.items, refusal, extra={"event": "bisect"}
        )
        middle = sum(map(len, units[: len(units) // 2]))
        results: list[Result] = []
        for half in (bodies[:middle], bodies[middle:]):
            sent = await self._try(operation, half)
            results += sent if isinstance(sent, list) else await self._bisect(operation, half, sent)
        return results

    async def attempt(self, operation: Operation, bodies: Sequence[Body]) -> list[Body]:
        """Carry out an operation in bulk, or not at all; returns the bodies of calls that were refused.

        Raises:
            AmbiguousWriteError: some may not have arrived.
            StoreError: the store is unavailable.
        """
        refused: list[Body] = []
        for part in _parts(bodies, operation.at_once):
            if not self.is_available or await self._refusal(operation, part) is not None:
                refused += part
        return refused

    async def _try(self, operation: Operation, bodies: Sequence[Body]) -> list[Result] | Refusal:
        """Send one call and return its refusal; if the store does not offer that, use the ordinary route."""
        if self.is_available:
            try:
                refusal = await self._refusal(operation, bodies)
            except AmbiguousWriteError:
                found = await self._existing(operation, bodies)
                if len(found) < len(bodies):
                    raise
                return [found[body[operation.key]] for body in bodies]
            if refusal is None:
                return [body["id"] for body in bodies]
            if self.is_available:
                return refusal
        return await self._ordinary(operation, bodies)

    async def _refusal(self, operation: Operation, bodies: Sequence[Body]) -> Refusal | None:
        """Send one call; returns why the store refused it."""
        try:
            await self._call(operation, bodies)
        except StoreRefusedError as error:
            if self.is_available and (error.status in _UNUSABLE or _is_unknown(error)):
                logger.info("writing one by one: %s", error, extra={"event": "bulk_unavailable"})
                self.is_available = False
            return error
        except AmbiguousWriteError as error:
            if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:  # that one does not say why
                raise
            return error
        return None

    async def _call(self, operation: Operation, bodies: Sequence[Body]) -> None:
        path = f"/admin/workflows-executions/{operation.workflow}/run"
        entries = [_entry(operation, body, operation.only_in_path) for body in bodies]
        run = await self._client.post(path, {"input": {operation.items: entries}}, _Run)
        if not run.acknowledgement.has_finished:
            raise AmbiguousWriteError(f"POST {path}: the store has not finished it")
        if run.acknowledgement.has_failed:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            raise AmbiguousWriteError(f"POST {path}: the workflow failed", status=status)

    async def _ordinary(self, operation: Operation, bodies: Sequence[Body]) -> list[Result]:
        units = _units(operation, bodies)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def send(group: Sequence[Body]) -> list[Result]:
            async with slots:
                return await self._send(operation, group)

        # Wait for all of them: one that is abandoned could undo what is written later.
        results: list[Result] = []
        for own in await asyncio.gather(*map(send, units), return_exceptions=True):
            if isinstance(own, BaseException):
                raise own
            results += own
        return results

    async def _send(self, operation: Operation, group: Sequence[Body]) -> list[Result]:
        """Send bodies with the same path to the ordinary route."""
        is_single = len(group) == 1 and operation.single
        path = (operation.single if is_single else operation.path).format(**group[0])
        omitted = operation.only_in_bulk | operation.only_in_path | (_ID if is_single else frozenset())
        entries = [_entry(operation, body, omitted) for body in group]
        body = {operation.batch: entries} if operation.batch and not is_single else entries[0]
        try:
            response = await self._client.post(path, body, dict[str, Any])
        except (StoreRefusedError, AmbiguousWriteError) as error:
            found = await self._existing(operation, group)
            if len(found) == len(group):
                return [found[body[operation.key]] for body in group]
            if isinstance(error, AmbiguousWriteError) and error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return [error] * len(group)
        if not operation.key:
            return [body["id"] for body in group]
        return [str(created["id"]) for created in response.values()]

    async def _existing(self, operation: Operation, bodies: Sequence[Body]) -> dict[str, str]:
        """The ids of what the store has, by key: this call or another run may have created it."""
        if operation.page is None:
            return {}
        key, values = operation.key, [body[operation.key] for body in bodies]
        found = await find(self._client, operation.path, key, values, f"id,{key}", operation.page)
        return {getattr(each, key): each.id for each in found}


def new_id(prefix: str, *, after: str = "") -> str:
    """An id like those of Medusa: ids that are created later sort after it.

    Args:
        prefix: of the kind, such as `ptag`.
        after: an id of the store that the new one has to sort after, although clocks differ.
    """
    moment = max(round(time.time() * 1000), _moment_of(after) + 1)
    number = (moment << 80) | secrets.randbits(80)
    return f"{prefix}_{''.join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))}"


def _moment_of(own: str) -> int:
    """When an id was made, in milliseconds since 1970; 0 if it is not like those of Medusa."""
    letters = own.rpartition("_")[2]
    if len(letters) != _LENGTH or not set(letters) <= set(_ALPHABET):
        return 0
    moment = 0
    for letter in letters[:10]:
        moment = moment << 5 | _ALPHABET.index(letter)
    return moment


def _units(operation: Operation, bodies: Sequence[Body]) -> list[list[Body]]:
    """The bodies that are written or refused together: those of a product, if nothing is deleted."""
    if not operation.batch or operation.takes_ids:
        return [[body] for body in bodies]
    return [list(own) for _, own in groupby(bodies, lambda body: operation.path.format(**body))]


def _entry(operation: Operation, body: Body, omitted: frozenset[str]) -> Any:
    if operation.takes_ids:
        return body["id"]
    return {name: value for name, value in body.items() if name not in omitted}


def _is_unknown(error: StoreRefusedError) -> bool:
    """Whether the store does not know the route or the workflow, and not only one of the things."""
    return error.status == HTTPStatus.NOT_FOUND and (not error.kind or "Workflow with id" in str(error))


def _parts(bodies: Sequence[Body], at_once: int) -> Iterator[list[Body]]:
    """The bodies in parts that fit into a request."""
    part: list[Body] = []
    size = 0
    for body in bodies:
        length = len(msgspec.json.encode(body)) + 1
        if part and (size + length > _BODY_BYTES or len(part) == at_once):
            yield part
            part, size = [], 0
        part.append(body)
        size += length
    if part:
        yield part
