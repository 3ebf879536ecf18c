"""Writes many things in one call, by running the workflows of Medusa that the ordinary routes run for one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from medusa_sync.core.entities import Entity
from medusa_sync.core.stored import Identified
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.http import Query
from medusa_sync.medusa.bisect import isolate
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.operations import CREATE_TAGS, ID, Body, Operation
from medusa_sync.stop import all_done

logger = logging.getLogger(__name__)

_AT_ONCE = 4  # requests to ordinary routes
_UNKNOWN = "Workflow with id"  # in the message if the store does not have it
_UNUSABLE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED})

Refusal = StoreRefusedError | AmbiguousWriteError
"""Why the store refused something; ambiguous is a 500, which does not say why."""

Answer = str | Refusal
"""The id of one thing that was written, or why it was not."""

Revision = Callable[[Sequence[Body]], Awaitable[Sequence[Body | None]]]
"""Other bodies instead of those of a refused call; None for one that does not have to be written any more."""


class _Acknowledgement(Struct):
    has_finished: bool = field(name="hasFinished")
    has_failed: bool = field(name="hasFailed")


class _Run(Struct):
    acknowledgement: _Acknowledgement


class _Created(Struct):
    created: list[Identified]


_Written = Annotated[dict[str, Entity], Meta(min_length=1, max_length=1)]  # by name, such as `product_tag`


class Bulk:
    """Runs operations for many things.

    A refused call changes nothing. It is bisected until the culprit is alone, which is sent to its ordinary
    route for the reason; new and changed variants of a product stay together. If the store does not even
    accept an empty call, for example because the role of the credentials lacks `workflow_execution:read`,
    everything is sent to the ordinary routes.

    Attributes:
        is_available: the store has not refused the bulk route yet.
    """

    def __init__(self, client: MedusaClient) -> None:
        self._client = client
        self._has_run = False  # something, so the store offers the bulk route
        self._asking = asyncio.Lock()
        self.is_available = True

    async def run(
        self, operation: Operation, bodies: Sequence[Body], *, revise: Revision | None = None
    ) -> list[Answer]:
        """Carry out an operation for some things.

        Args:
            operation: what to do.
            bodies: each with an `id`; the ordinary routes give new things other ids.
            revise: called once with the bodies of a refused call, if the store offers the bulk route. What it
                returns is sent, unless it is the same: another run may have created some of these things.

        Returns:
            The answer for each, in the order of the bodies; an empty id if it was not written any more.

        Raises:
            AmbiguousWriteError: some may not have arrived.
            StoreError: the store is unavailable.
        """
        answers: list[Answer] = []
        for part in operation.parts(bodies):
            answers += await self.run_at_once(operation, part, revise=revise)
        return answers

    async def run_at_once(
        self, operation: Operation, bodies: list[Body], *, revise: Revision | None = None
    ) -> list[Answer]:
        """Carry out an operation for things that fit into one call; otherwise as `run`."""
        revised, left = list[Body | None](bodies), bodies
        answer = await self._try(operation, bodies)
        if isinstance(answer, Refusal) and revise and self.is_available and not self._client.is_stopping:
            revised = [*await revise(bodies)]
            left = [body for body in revised if body is not None]
            if left != bodies:
                answer = await self._try(operation, left) if left else []
        if isinstance(answer, Refusal):
            has_route = bool(operation.path)
            answer = await self._isolate(operation, left, answer) if has_route else [answer] * len(left)
        found = iter(answer)
        return ["" if body is None else next(found) for body in revised]

    async def _isolate(self, operation: Operation, bodies: Sequence[Body], refusal: Refusal) -> list[Answer]:
        """Carry out a call that the store refused; what it refuses alone is sent to its ordinary route.

        Raises:
            AmbiguousWriteError: two things fail in a row, so the store may fail every write.
        """
        logger.info(
            "splitting %d of %s: %s", len(bodies), operation.items, refusal, extra={"event": "bisect"}
        )
        answers: dict[str, Answer] = {}
        has_failed = False

        async def attempt(units: list[list[Body]]) -> list[list[Body]]:
            nonlocal has_failed
            answer = await self._try(operation, [*chain(*units)]) if not self._client.is_stopping else []
            if isinstance(answer, Refusal):
                return units
            has_failed = False
            answers.update(zip((body["id"] for body in chain(*units)), answer, strict=False))
            return []

        async def alone(unit: list[Body]) -> None:
            nonlocal has_failed
            answer = await self._ordinary(operation, unit) if not self._client.is_stopping else [refusal]
            if has_failed and isinstance(answer[-1], AmbiguousWriteError):
                raise answer[-1]
            has_failed = isinstance(answer[-1], AmbiguousWriteError)
            answers.update(zip((body["id"] for body in unit), answer, strict=False))

        await isolate(operation.units(bodies), attempt, alone)
        return [answers.get(body["id"], refusal) for body in bodies]

    async def _try(self, operation: Operation, bodies: Sequence[Body]) -> list[Answer] | Refusal:
        """Send one call and return its refusal; if the store does not offer that, use the ordinary route."""
        if self.is_available or not operation.path:
            refusal = await self._refusal(operation, bodies)
            if refusal is None:
                return [body["id"] for body in bodies]
            if self.is_available or not operation.path:
                return refusal
        if operation.is_divisible and len(bodies) > 1:
            answers = await self._send(operation, bodies)
            return answers[0] if isinstance(answers[0], Refusal) else answers
        return await self._ordinary(operation, bodies)

    async def _refusal(self, operation: Operation, bodies: Sequence[Body]) -> Refusal | None:
        """Send one call; returns why the store refused it."""
        refusal = await self._run(operation, bodies)
        if refusal is None:
            self._has_run = True
            return None
        async with self._asking:
            if self.is_available and _is_unusable(refusal) and not await self._offers(refusal):
                logger.info("writing one by one: %s", refusal, extra={"event": "bulk_unavailable"})
                self.is_available = False
        return refusal

    async def _offers(self, refusal: Refusal) -> bool:
        """Whether the store offers the bulk route: a firewall may refuse a call for a text in it."""
        if _UNKNOWN in str(refusal):
            return False
        if not self._has_run:
            empty = await self._run(CREATE_TAGS, ())
            self._has_run = empty is None or not _is_unusable(empty)
        return self._has_run

    async def _run(self, operation: Operation, bodies: Sequence[Body]) -> Refusal | None:
        path = f"/admin/workflows-executions/{operation.workflow}/run"
        entries = [operation.entry(body, operation.only_in_path) for body in bodies]
        try:
            run = await self._client.post(path, {"input": {operation.items: entries}}, _Run)
        except StoreRefusedError as error:
            return error
        except AmbiguousWriteError as error:
            if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:  # that one does not say why
                raise
            return error
        if not run.acknowledgement.has_finished:
            raise AmbiguousWriteError(f"POST {path}: the store has not finished it")
        if run.acknowledgement.has_failed:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return AmbiguousWriteError(f"POST {path}: the workflow failed", status=status)
        return None

    async def _ordinary(self, operation: Operation, bodies: Sequence[Body]) -> list[Answer]:
        units = operation.units(bodies)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def send(group: Sequence[Body]) -> list[Answer]:
            async with slots:
                return await self._send(operation, group)

        # One that is abandoned could undo what is written later.
        return [answer for answers in await all_done(*map(send, units)) for answer in answers]

    async def _send(self, operation: Operation, group: Sequence[Body]) -> list[Answer]:
        """Send bodies with the same path to the ordinary route."""
        is_single = len(group) == 1 and operation.single
        path = (operation.single if is_single else operation.path).format(**group[0])
        omitted = operation.only_in_bulk | operation.only_in_path | (ID if is_single else frozenset())
        entries = [operation.entry(body, omitted) for body in group]
        body = {operation.batch: entries} if operation.batch and not is_single else entries[0]
        try:
            return await self._written(operation, group, path, body)
        except (StoreRefusedError, AmbiguousWriteError) as error:
            if isinstance(error, AmbiguousWriteError) and error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return [error] * len(group)

    async def _written(
        self, operation: Operation, group: Sequence[Body], path: str, body: Body
    ) -> list[Answer]:
        """Send bodies to the ordinary route; returns the ids of what was written."""
        query: Query = [("fields", "id,external_id" if operation.is_divisible else "id")]
        if operation.is_divisible:
            listed = (await self._client.post(path, body, _Created, query=query)).created
            created = {each.external_id: each.id for each in listed}
            if any(body["external_id"] not in created for body in group):
                raise AmbiguousWriteError("the response lacks products")
            return [created[body["external_id"]] for body in group]
        if operation.batch:
            await self._client.post(path, body, dict[str, Any], query=query)
            return [body["id"] for body in group]
        # A variant is answered with its whole product.
        return [each.id for each in (await self._client.post(path, body, _Written, query=query)).values()]


def _is_unusable(refusal: Refusal) -> bool:
    """Whether the store may refuse every call."""
    if not isinstance(refusal, StoreRefusedError):
        return False
    is_unknown = refusal.status == HTTPStatus.NOT_FOUND and (
        not refusal.kind or _UNKNOWN in str(refusal)  # not only one of the things
    )
    return refusal.status in _UNUSABLE or is_unknown
