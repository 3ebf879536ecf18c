"""Authenticated JSON requests to the Admin API."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from medusa_sync.errors import (
    AmbiguousWriteError,
    KnownRefusalError,
    StoreError,
    StoreRefusedError,
    UnknownQueryError,
)
from medusa_sync.http import Body, HttpClient, Query, Upload
from medusa_sync.response import Response, date_of, describe_response, error_type

T = TypeVar("T")
_Request = tuple[str, str, Query, Body]  # method, path, query, body
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
MAX_BODY_BYTES = 2_000_000  # the store refuses more with 413
LOGIN_PATH = "/auth/user/emailpass"

_FORBIDDEN = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# Attempts before credentials count as refused. While its database connections drop, Medusa returns 401 for
# valid ones. Credentials that never worked are more likely wrong, so that is reported sooner.
_CHECKS = 3
_PATIENT_CHECKS = 6

_EMPTY_WRITE: _Request = ("POST", "/admin/products/batch", (), b"{}")
_SMALL_READ: _Request = ("GET", "/admin/products", (("limit", 1), ("fields", "id")), None)

_ADVICE_CREDENTIALS = (
    "Check MEDUSA_API_KEY (a secret key, sk_..., from Settings > Secret API Keys), "
    "or MEDUSA_EMAIL and MEDUSA_PASSWORD. Roles, multi-factor login and firewalls can refuse valid ones."
)
_ADVICE_REFUSED = "The credentials are valid: a firewall, a proxy or a role refuses this request."
_ADVICE_URL = "Check --medusa-url (MEDUSA_BACKEND_URL): it is the address of the Medusa backend itself."


class ApiKey(Struct, frozen=True):
    """A secret API key; sent by HTTP Basic as the user name, with an empty password."""

    key: str

    def __repr__(self) -> str:
        return "ApiKey(***)"


class Login(Struct, frozen=True):
    """An admin user; logging in returns a token that expires."""

    email: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


Credentials = ApiKey | Login


class _CredentialsRefusedError(StoreError):
    """The store refuses the credentials, not only one request."""


class MedusaClient:
    """Requests to one store, as an admin; `http` has the base URL, `url` is for messages."""

    def __init__(self, http: HttpClient, credentials: Credentials, *, url: str) -> None:
        self._http = http
        self._url = url
        self._credentials = credentials
        self._accepted = False  # the credentials have worked
        self._authorization = ""
        self._log_in = asyncio.Lock()
        self._date = ""  # of the latest response
        self._checking = asyncio.Lock()  # requests that fail at the same time share a check
        http.redactor.add(credentials.key if isinstance(credentials, ApiKey) else credentials.password)

    @property
    def is_stopping(self) -> bool:
        """Whether the run ends, so that nothing more is tried."""
        return self._http.is_stopping

    @property
    def store_time(self) -> int | None:
        """What the clock of the store showed at its latest response; None if that does not say it."""
        return date_of(self._date)

    async def retry(self, operation: Callable[[int], Awaitable[T]], *, on: type[Exception]) -> T:
        """Call an operation again, after growing pauses, as often as a failed request is sent again."""
        return await self._http.retry(operation, on=on)

    async def get(self, path: str, query: Query, type_: type[T]) -> T:
        """Read.

        Raises:
            StoreRefusedError: the store refuses this request, although the credentials are valid, or it does
                not have what the request is about.
            UnknownQueryError: the store does not know a part of the query.
            StoreError: the store cannot be reached, refuses the credentials, or is not Medusa.
        """
        response = await self._authorized(("GET", path, query, None))
        if response.status == HTTPStatus.NOT_FOUND and error_type(response) == "not_found":
            message = f"GET {path}: {self._describe(response)}"
            raise StoreRefusedError(message, status=response.status, hint=_ADVICE_URL)
        if response.status != HTTPStatus.OK:
            error = UnknownQueryError if response.status == HTTPStatus.BAD_REQUEST else StoreError
            raise error(f"{self._url}: GET {path}: {self._describe(response)}", hint=_ADVICE_URL)
        try:
            return msgspec.json.decode(response.body, type=type_)
        except _UNREADABLE as error:
            message = f"{self._url}: GET {path}: the response is not from Medusa ({error})"
            raise StoreError(message, hint=_ADVICE_URL) from error

    async def post(self, path: str, body: Any, type_: type[T], *, query: Query = ()) -> T:
        """Write.

        Raises:
            StoreRefusedError: the store refuses this request; nothing was written.
            AmbiguousWriteError: the write may have been carried out.
            StoreError: the store cannot be reached or refuses the credentials; nothing was written.
        """
        encoded = msgspec.json.encode(body)
        if len(encoded) > MAX_BODY_BYTES:
            raise KnownRefusalError(
                f"POST {path}: the request has {len(encoded)} bytes, more than the store accepts",
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                hint="Shorten the texts of the product at the source.",
            )
        return await self._post(path, query, encoded, type_)

    async def upload(self, path: str, files: Sequence[Upload], type_: type[T]) -> T:
        """Upload files in one request; raises what `post` raises."""
        return await self._post(path, (), files, type_)

    async def _post(self, path: str, query: Query, body: Body, type_: type[T]) -> T:
        response = await self._write(("POST", path, query, body))
        try:
            return msgspec.json.decode(response.body, type=type_)
        except _UNREADABLE as error:
            raise AmbiguousWriteError(f"POST {path}: the response cannot be read ({error})") from error

    async def send(self, path: str, body: Any) -> None:
        """Write, and ask only for an id: up to a quarter faster; raises what `post` raises."""
        await self.post(path, body, dict[str, Any], query=[("fields", "id")])

    async def delete(self, path: str) -> None:
        """Delete; raises what `post` raises."""
        await self._write(("DELETE", path, (), None))

    async def _write(self, request: _Request) -> Response:
        method, path, _, _ = request
        response = await self._authorized(request)
        if response.status >= HTTPStatus.BAD_REQUEST:
            message, kind = f"{method} {path}: {self._describe(response)}", error_type(response)
            raise StoreRefusedError(message, status=response.status, kind=kind)
        return response

    async def _authorized(self, request: _Request) -> Response:
        """Send; after a 401, check the credentials and send again if they are valid."""
        method, path, _, _ = request

        async def attempt(number: int) -> Response:
            used = await self._authorization_after("")
            response = await self._send(request, used)
            is_unauthorized = response.status == HTTPStatus.UNAUTHORIZED
            if number == 1 and is_unauthorized and isinstance(self._credentials, Login):
                response = await self._send(request, await self._authorization_after(used))
            if response.status in _FORBIDDEN:
                await self._check_credentials(response.status, writing=method != "GET")
                message = f"{method} {path}: {self._describe(response)}"
                raise StoreRefusedError(message, status=response.status, hint=_ADVICE_REFUSED)
            self._accepted = True
            return response

        response = await self._http.retry(attempt, on=_is_unauthorized)
        if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
            # Not followed: it would get the credentials, and a POST may become a GET.
            target = self._http.redactor(response.headers.get("location", "elsewhere"))
            message = f"{self._url}: {method} {path}: the store redirects to {target}"
            raise StoreError(message, hint=_ADVICE_URL)
        return response

    async def _check_credentials(self, status: int, *, writing: bool) -> None:
        """Send a request that changes nothing, to see whether the store refuses all requests.

        Raises:
            StoreError: the store refuses the credentials.
        """
        request = _EMPTY_WRITE if writing else _SMALL_READ

        async def check(_number: int) -> None:
            response = await self._send(request, self._authorization, repeatable=True)
            if response.status in _FORBIDDEN:
                message = f"The store at {self._url} refused the credentials"
                raise _CredentialsRefusedError(message, hint=_ADVICE_CREDENTIALS)

        async with self._checking:
            patient = self._accepted and status == HTTPStatus.UNAUTHORIZED
            attempts = _PATIENT_CHECKS if patient else _CHECKS
            await self._http.retry(check, on=_CredentialsRefusedError, attempts=attempts)
            self._accepted = True

    async def _send(self, request: _Request, authorization: str, *, repeatable: bool = False) -> Response:
        method, path, query, body = request
        headers = {"authorization": authorization}
        repeatable = repeatable or method == "GET"
        response = await self._http.send(
            method, path, query=query, body=body, headers=headers, repeatable=repeatable
        )
        self._date = response.headers.get("date", "")
        return response

    async def _authorization_after(self, expired: str) -> str:
        """An authorization that is not the expired one; concurrent requests log in only once."""
        async with self._log_in:
            if self._authorization == expired:
                attempts = _PATIENT_CHECKS if self._accepted else 1
                self._authorization = await self._http.retry(
                    self._authorize, on=_CredentialsRefusedError, attempts=attempts
                )
            return self._authorization

    async def _authorize(self, _number: int) -> str:
        if isinstance(self._credentials, ApiKey):
            return "Basic " + b64encode(f"{self._credentials.key}:".encode()).decode()
        body = msgspec.json.encode({"email": self._credentials.email, "password": self._credentials.password})
        response = await self._http.send("POST", LOGIN_PATH, body=body, repeatable=True)
        if response.status == HTTPStatus.UNAUTHORIZED:
            message = f"The store at {self._url} refused the log-in"
            raise _CredentialsRefusedError(message, hint=_ADVICE_CREDENTIALS)
        try:
            token = msgspec.json.decode(response.body, type=_Token).token
        except _UNREADABLE as error:
            message = f"{self._url}: POST {LOGIN_PATH}: no token in the response ({self._describe(response)})"
            raise StoreError(message, hint=_ADVICE_URL) from error
        self._http.redactor.add(token)
        return f"Bearer {token}"

    def _describe(self, response: Response) -> str:
        return describe_response(response, self._http.redactor)


class _Token(Struct):
    token: Annotated[str, Meta(pattern=r"^[!-~]+$")]  # valid in a header


def _is_unauthorized(error: Exception) -> bool:
    return isinstance(error, StoreRefusedError) and error.status == HTTPStatus.UNAUTHORIZED
