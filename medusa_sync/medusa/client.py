"""Authenticated JSON requests to the Admin API, and what each kind of answer means."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError
from medusa_sync.http import Answer, HttpClient, Query, describe_answer

T = TypeVar("T")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
MAX_BODY_BYTES = 2_000_000  # the store takes 2 MB and answers 413 above
LOGIN_PATH = "/auth/user/emailpass"

_ADVICE_CREDENTIALS = (
    "Check MEDUSA_API_KEY (a secret key, sk_..., from Settings > Secret API Keys), "
    "or MEDUSA_EMAIL and MEDUSA_PASSWORD."
)
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


class MedusaClient:
    """Requests to one store.

    Args:
        http: a client whose base URL is the store's.
        credentials: what to authenticate with.
    """

    def __init__(self, http: HttpClient, credentials: Credentials) -> None:
        self._http = http
        self._credentials = credentials
        self._authorization = ""
        self._log_in = asyncio.Lock()
        http.redactor.add(credentials.key if isinstance(credentials, ApiKey) else credentials.password)

    async def get(self, path: str, query: Query, type_: type[T]) -> T:
        """Read.

        Raises:
            StoreError: the store is unreachable, refuses the credentials, or is no Medusa.
        """
        answer = await self._authorized("GET", path, query, None)
        if answer.status != HTTPStatus.OK:
            raise StoreError(f"GET {path}: {describe_answer(answer, self._http.redactor)}", hint=_ADVICE_URL)
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
            raise StoreRefusedError(describe_answer(answer, self._http.redactor), status=answer.status)
        try:
            return msgspec.json.decode(answer.body, type=type_)
        except _UNREADABLE as error:
            raise AmbiguousWriteError(f"POST {path}: the answer cannot be read ({error})") from error

    async def _authorized(self, method: str, path: str, query: Query, body: bytes | None) -> Answer:
        used = await self._authorization_after("")
        answer = await self._send(method, path, query, body, used)
        if answer.status == HTTPStatus.UNAUTHORIZED and isinstance(self._credentials, Login):
            answer = await self._send(method, path, query, body, await self._authorization_after(used))
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise StoreError("The store refused the credentials", hint=_ADVICE_CREDENTIALS)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            # Not followed: the credentials would go along, and a POST may turn into a GET.
            target = self._http.redactor(answer.headers.get("location", "elsewhere"))
            raise StoreError(f"{method} {path}: the store redirects to {target}", hint=_ADVICE_URL)
        return answer

    async def _authorization_after(self, expired: str) -> str:
        """What to send instead of what has expired; requests that find out at the same time log in once."""
        async with self._log_in:
            if self._authorization == expired:
                self._authorization = await self._authorize()
            return self._authorization

    async def _send(
        self, method: str, path: str, query: Query, body: bytes | None, authorization: str
    ) -> Answer:
        headers = {"authorization": authorization}
        return await self._http.send(
            method, path, query=query, body=body, headers=headers, repeatable=method == "GET"
        )

    async def _authorize(self) -> str:
        if isinstance(self._credentials, ApiKey):
            return "Basic " + b64encode(f"{self._credentials.key}:".encode()).decode()
        body = msgspec.json.encode({"email": self._credentials.email, "password": self._credentials.password})
        answer = await self._http.send("POST", LOGIN_PATH, body=body, repeatable=True)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise StoreError("The store refused the log-in", hint=_ADVICE_CREDENTIALS)
        try:
            token = msgspec.json.decode(answer.body, type=_Token).token
        except _UNREADABLE as error:
            said = describe_answer(answer, self._http.redactor)
            raise StoreError(
                f"POST {LOGIN_PATH}: no token in the answer ({said})", hint=_ADVICE_URL
            ) from error
        self._http.redactor.add(token)
        return f"Bearer {token}"


class _Token(Struct):
    token: Annotated[str, Meta(pattern=r"^[!-~]+$")]  # what may stand in a header
