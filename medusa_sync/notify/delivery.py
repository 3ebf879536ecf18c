"""Sends one request to a monitor: a short time limit, one retry, and errors that do not show the URL."""

from __future__ import annotations

from urllib.parse import SplitResult

import httpx

from medusa_sync import __version__

_TIMEOUT_S = 5.0


class DeliveryError(Exception):
    """The request did not arrive or was refused; the message does not contain the URL.

    Attributes:
        may_retry: the same request may succeed.
    """

    def __init__(self, message: str, *, may_retry: bool = False) -> None:
        super().__init__(message)
        self.may_retry = may_retry


def shown(parts: SplitResult) -> str:
    """Return a URL without its credentials and its path, which may be a secret."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/..."


def deliver(method: str, url: str, content: bytes, content_type: str) -> bytes:
    """Send a request, once more if that may help, and return the start of the response.

    Raises:
        DeliveryError: it did not arrive or was refused.
    """
    headers = {"user-agent": f"medusa-sync/{__version__}", "content-type": content_type}
    try:
        # A redirect could send the secret to another host and turn POST into GET.
        with httpx.Client(headers=headers, timeout=_TIMEOUT_S, follow_redirects=False) as client:
            return send(client, method, url, content)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        raise DeliveryError("the URL is invalid") from None
    except OSError as error:  # reading the certificates that SSL_CERT_FILE names
        raise DeliveryError(str(error)) from None


def send(client: httpx.Client, method: str, url: str, content: bytes) -> bytes:
    try:
        return _send_once(client, method, url, content)
    except DeliveryError as error:
        if not error.may_retry:
            raise
        return _send_once(client, method, url, content)


def _send_once(client: httpx.Client, method: str, url: str, content: bytes) -> bytes:
    try:
        with client.stream(method, url, content=content) as response:
            start = next(response.iter_bytes(), b"")  # an endless response must not delay the run
    except httpx.UnsupportedProtocol:
        raise
    except httpx.HTTPError as error:
        raise DeliveryError(_describe(error), may_retry=True) from None  # its request contains the URL
    if not response.is_success:
        message = f"the server responded with {response.status_code}"
        raise DeliveryError(message, may_retry=response.is_server_error)
    return start


def _describe(error: httpx.HTTPError) -> str:
    """Describe the error without the URL."""
    match error:
        case httpx.TimeoutException():
            return f"no response within {_TIMEOUT_S:g} s"
        case httpx.ConnectError():
            return f"no connection ({error})" if str(error) else "no connection"
        case _:
            return type(error).__name__
