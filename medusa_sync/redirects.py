"""Which redirects of a source are followed: none to a less safe scheme, and none into a private network."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import SOCK_STREAM

import httpx

_LARGEST_PORT = 65_535
_NAME_IT = "If that is right, name it with --source (SYNC_PRODUCTS_SOURCE)"


async def check_redirect(response: httpx.Response) -> None:
    """Check a redirect before it is followed: a hook of a client.

    Names are looked up for that. If one is unknown, because a proxy does it, only the name itself counts.

    Raises:
        httpx.RequestError: it must not be followed.
    """
    if not response.has_redirect_location:
        return
    here = response.request.url
    try:
        target = httpx.URL(response.headers["location"])
        # As httpx does it:
        target = here.join(target.copy_with(host=here.host) if target.scheme and not target.host else target)
    except httpx.InvalidURL as error:
        raise httpx.RequestError(f"it redirects to an invalid URL ({error})") from error
    place = f"{target.scheme}://{target.netloc.decode('ascii')}"
    if (target.port or 0) > _LARGEST_PORT:
        raise httpx.RequestError(f"it redirects to an invalid port: {place}")
    if target.scheme not in {"https", here.scheme}:
        raise httpx.RequestError(f"it redirects to {place}, which is less safe. {_NAME_IT}")
    if target.host != here.host and await _is_private(target.host) and not await _is_private(here.host):
        raise httpx.RequestError(f"it redirects to {place}, which is in a private network. {_NAME_IT}")


async def _is_private(host: str) -> bool:
    """Whether a host is this machine or in a network that the public cannot reach."""
    if f".{host}".rstrip(".").endswith(".localhost"):
        return True
    return not all(map(is_public, await addresses(host)))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of a server that everyone can reach."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


async def addresses(host: str) -> Collection[IPv4Address | IPv6Address]:
    """The addresses of a host; none if its name is unknown."""
    with suppress(ValueError):
        return [ip_address(host)]
    with suppress(OSError, UnicodeError):
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=SOCK_STREAM)
        return [ip_address(address[0]) for *_, address in found]
    return []
