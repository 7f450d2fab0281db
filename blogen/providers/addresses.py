"""Which internet addresses a stranger's link may lead to.

An IPv6 address that only wraps an IPv4 one (mapped, compatible, 6to4, NAT64) is judged by what it wraps.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def is_public(address: Address) -> bool:
    """Whether anyone on the internet would reach the same host under `address`."""
    if isinstance(address, IPv6Address):
        if (wrapped := wrapped_in(address)) is not None:
            return is_public(wrapped)
        return address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)
    return not any(address in network for network in _SPECIAL_V4)


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether `address`, or what it wraps, lies in one of `networks`."""
    forms: list[Address] = [address]
    if isinstance(address, IPv6Address) and (wrapped := wrapped_in(address)) is not None:
        forms = [wrapped]
    return any(form.version == network.version and form in network for form in forms for network in networks)


def wrapped_in(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that `address` stands for, if it does."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def networks_of(given: Iterable[Network | str]) -> tuple[Network, ...]:
    return tuple(ip_network(network) if isinstance(network, str) else network for network in given)


# The registries of special addresses: RFC 6890 and its updates.
_SPECIAL_V4 = networks_of(
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ]
)  # fmt: skip
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = networks_of(["2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"])
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
