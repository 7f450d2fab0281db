"""Keeps calls to addresses that a stranger may name from reaching inward: what was checked is what is connected to."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from blogen.errors import BlogenError, SourceRefused
from blogen.providers.addresses import Address, Network, is_public, is_within

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Host and port to addresses. Raises OSError."""

_PUBLIC_PORTS = frozenset({80, 443, 8080, 8443})


class Guard(AbstractResolver):
    """Resolves names for the connector and lets it see only addresses that may be connected to.

    The connector asks no resolver about a host that is an address: `check_literal` comes before every request.
    """

    def __init__(
        self,
        allow_private: tuple[Network, ...],
        allow_hosts: frozenset[str] = frozenset(),
        resolve: "Resolve | None" = None,
        *,
        any_port: bool = False,
    ) -> None:
        """`any_port`: on public addresses too, not only those of the web."""
        self._allow_private = allow_private
        self._allow_hosts = allow_hosts
        self._resolve = resolve or system_resolve
        self._any_port = any_port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        del family  # whatever the host has; the connector tries them in turn
        found = await self._resolve(host, port)
        if not found:
            raise OSError(f"no address for {host}")
        # One bad address among good ones is an attack or a mistake; neither is worth a try.
        for address in found:
            self.check(host, port, address)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass

    def check_literal(self, host: str, port: int) -> None:
        """Check a host that is an address; the connector does not ask its resolver about those."""
        if (address := _literal(host)) is not None:
            self.check(host, port, address)

    def check(self, host: str, port: int, address: Address) -> None:
        if host in self._allow_hosts or is_within(address, self._allow_private):
            return
        if not is_public(address):
            named = f"{host} ({address})" if host != str(address) else host
            raise SourceRefused(
                f"{named} is a private address, and private addresses are not fetched.",
                remedy="If it is meant, add its network to research.allow_private.",
            )
        if not self._any_port and port not in _PUBLIC_PORTS:
            raise SourceRefused(
                f"Port {port} of {host} is not one that web pages are fetched from.",
                remedy=f"Allowed are {', '.join(map(str, sorted(_PUBLIC_PORTS)))}.",
            )


async def system_resolve(host: str, port: int) -> list[Address]:
    """Asks the machine's own resolver; it also understands 127.1, 0x7f.1 and the like."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return list(dict.fromkeys(addresses))


def _literal(host: str) -> Address | None:
    """The address that `host` spells out, also in the old forms: 2130706433, 0x7f.1, 0177.0.0.1."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host.rstrip("."))) if re.fullmatch(r"[0-9a-fA-FxX.]+", host) else None
    except OSError:
        return None


def spoken(error: BaseException) -> BlogenError | None:
    """What the guard said, if it is behind `error`: from inside the connector it arrives wrapped."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BlogenError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
