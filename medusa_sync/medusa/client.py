"""Authenticated JSON requests to the Admin API, and what each kind of answer means."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError
from medusa_sync.http import HttpClient, Query, Response, describe_response

T = TypeVar("T")
_Request = tuple[str, str, Query, bytes | None]  # method, path, query, body
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
MAX_BODY_BYTES = 2_000_000  # the store takes 2 MB and answers 413 above
LOGIN_PATH = "/auth/user/emailpass"

_FORBIDDEN = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# How often credentials are tried before they count as refused. While its database connections drop, Medusa
# answers 401 for valid ones; those that never worked are more likely wrong, and that is reported quickly.
_CHECKS = 3
_PATIENT_CHECKS = 6

_EMPTY_WRITE: _Request = ("POST", "/admin/products/batch", (), b"{}")
_SMALL_READ: _Request = ("GET", "/admin/products", (("limit", 1), ("fields", "id")), None)

_ADVICE_CREDENTIALS = (
    "Check MEDUSA_API_KEY (a secret key, sk_..., from Settings > Secret API Keys), "
    "or MEDUSA_EMAIL and MEDUSA_PASSWORD. Roles, multi-factor login and firewalls can refuse valid ones."
)
_ADVICE_REFUSED = "The credentials are valid: a firewall, a proxy or a role refuses this request."
_ADVICE_URL = "Check --medusa-url (MEDUSA_BACKEND_URL); it is the address of the Medusa backend itself."


class ApiKey(Struct, frozen=True):
    """A secret API key: sent by HTTP Basic as the user name, with an empty password."""

    key: str

    def __repr__(self) -> str:
        return "ApiKey(***)"


class Login(Struct, frozen=True):
    """An admin user; the token that the log-in gives expires."""

    email: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


Credentials = ApiKey | Login


class _CredentialsRefusedError(StoreError):
    """Not only this request: no request with these credentials is let in."""


class MedusaClient:
    """Requests to one store.

    Args:
        http: a client whose base URL is the store's.
        credentials: what to authenticate with.
    """

    def __init__(self, http: HttpClient, credentials: Credentials) -> None:
        self._http = http
        self._credentials = credentials
        self._accepted = False  # the credentials have worked before
        self._authorization = ""
        self._log_in = asyncio.Lock()
        self._checking = asyncio.Lock()  # many requests that fail at once need one answer
        http.redactor.add(credentials.key if isinstance(credentials, ApiKey) else credentials.password)

    async def get(self, path: str, query: Query, type_: type[T]) -> T:
        """Read.

        Raises:
            StoreRefusedError: this read is refused, although the credentials are valid.
            StoreError: the store is unreachable, refuses the credentials, or is no Medusa.
        """
        answer = await self._authorized("GET", path, query, None)
        if answer.status != HTTPStatus.OK:
            raise StoreError(
                f"GET {path}: {describe_response(answer, self._http.redactor)}", hint=_ADVICE_URL
            )
        try:
            return msgspec.json.decode(answer.body, type=type_)
        except _UNREADABLE as error:
            raise StoreError(f"GET {path}: the answer is not Medusa's ({error})", hint=_ADVICE_URL) from error

    async def post(self, path: str, body: Any, type_: type[T], *, query: Query = ()) -> T:
        """Write.

        Raises:
            StoreRefusedError: the store says that the request is at fault; nothing was written.
            AmbiguousWriteError: nobody knows whether it was written.
            StoreError: the store is unreachable or refuses the credentials; nothing was written.
        """
        encoded = msgspec.json.encode(body)
        if len(encoded) > MAX_BODY_BYTES:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise StoreRefusedError(f"{len(encoded)} bytes are more than a request may have", status=status)
        answer = await self._authorized("POST", path, query, encoded)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise StoreRefusedError(describe_response(answer, self._http.redactor), status=answer.status)
        try:
            return msgspec.json.decode(answer.body, type=type_)
        except _UNREADABLE as error:
            raise AmbiguousWriteError(f"POST {path}: the answer cannot be read ({error})") from error

    async def _authorized(self, method: str, path: str, query: Query, body: bytes | None) -> Response:
        """Send; a 401 is sent again if the credentials turn out to be valid."""

        async def attempt(number: int) -> Response:
            used = await self._authorization_after("")
            answer = await self._send(method, path, query, body, used)
            if (
                number == 1
                and answer.status == HTTPStatus.UNAUTHORIZED
                and isinstance(self._credentials, Login)
            ):
                answer = await self._send(method, path, query, body, await self._authorization_after(used))
            if answer.status in _FORBIDDEN:
                await self._check_credentials(answer.status, writing=method != "GET")
                said = f"{method} {path}: {describe_response(answer, self._http.redactor)}"
                raise StoreRefusedError(said, status=answer.status, hint=_ADVICE_REFUSED)
            self._accepted = True
            return answer

        answer = await self._http.retry(attempt, on=_is_unauthorized)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            # Not followed: the credentials would go along, and a POST may turn into a GET.
            target = self._http.redactor(answer.headers.get("location", "elsewhere"))
            raise StoreError(f"{method} {path}: the store redirects to {target}", hint=_ADVICE_URL)
        return answer

    async def _check_credentials(self, status: int, *, writing: bool) -> None:
        """Send a request that changes nothing, to see whether one request was refused or all are.

        Raises:
            StoreError: the store refuses the credentials.
        """
        method, path, query, body = _EMPTY_WRITE if writing else _SMALL_READ

        async def check(_number: int) -> None:
            answer = await self._send(method, path, query, body, self._authorization, repeatable=True)
            if answer.status in _FORBIDDEN:
                raise _CredentialsRefusedError("The store refused the credentials", hint=_ADVICE_CREDENTIALS)

        async with self._checking:
            patient = self._accepted and status == HTTPStatus.UNAUTHORIZED
            attempts = _PATIENT_CHECKS if patient else _CHECKS
            await self._http.retry(check, on=_CredentialsRefusedError, attempts=attempts)
            self._accepted = True

    async def _send(
        self,
        method: str,
        path: str,
        query: Query,
        body: bytes | None,
        authorization: str,
        *,
        repeatable: bool = False,
    ) -> Response:
        return await self._http.send(
            method,
            path,
            query=query,
            body=body,
            headers={"authorization": authorization},
            repeatable=repeatable or method == "GET",
        )

    async def _authorization_after(self, expired: str) -> str:
        """What to send instead of what has expired; requests that find out at the same time log in once."""
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
        answer = await self._http.send("POST", LOGIN_PATH, body=body, repeatable=True)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise _CredentialsRefusedError("The store refused the log-in", hint=_ADVICE_CREDENTIALS)
        try:
            token = msgspec.json.decode(answer.body, type=_Token).token
        except _UNREADABLE as error:
            said = describe_response(answer, self._http.redactor)
            raise StoreError(
                f"POST {LOGIN_PATH}: no token in the answer ({said})", hint=_ADVICE_URL
            ) from error
        self._http.redactor.add(token)
        return f"Bearer {token}"


class _Token(Struct):
    token: Annotated[str, Meta(pattern=r"^[!-~]+$")]  # what may stand in a header


def _is_unauthorized(error: Exception) -> bool:
    return isinstance(error, StoreRefusedError) and error.status == HTTPStatus.UNAUTHORIZED
