"""Which addresses may be called: public ones, and those networks that the operator allows.

A name is resolved once, every address that it has must pass, and the connection goes to the address that was checked:
a name that changes its address between check and use (DNS rebinding) gains nothing. Forms such as `127.1` or
`0x7f000001` are resolved like any name, so they are checked as what they are.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore2

from api.suspects.errors import AddressRefused, SuspectUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, in the system's order.

    Raises:
        SuspectUnreachable: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SuspectUnreachable(f"the name {host!r} has no address ({error}); check the URL") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def inner(address: Address) -> Address:
    """The address that packets really go to: IPv4 within IPv6 (mapped, 6to4, Teredo, NAT64) is taken out.

    Example:
        >>> inner(ipaddress.ip_address("::ffff:127.0.0.1"))
        IPv4Address('127.0.0.1')
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(httpcore2.NetworkBackend):
    """A network backend that connects to checked addresses only.

    Attributes:
        allowed: networks that are no public ones and may be called nevertheless.
        resolver: from name and port to addresses.
        backend: makes the connections.
    """

    allowed: tuple[Network, ...] = ()
    resolver: Resolver = resolve
    backend: httpcore2.NetworkBackend = field(default_factory=httpcore2.SyncBackend)

    def check(self, text: str) -> Address:
        """The address, if it may be called.

        Raises:
            AddressRefused: it may not.
        """
        address = ipaddress.ip_address(text.partition("%")[0])
        real = inner(address)
        public = real.is_global and not real.is_multicast
        if not public and not any(real in network for network in self.allowed if network.version == real.version):
            raise AddressRefused(
                f"{address} is no public address; allow its network with --allow-network if you mean it"
            )
        return address

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of the name, once all of its addresses have passed."""
        addresses = [self.check(text) for text in self.resolver(host, port)]
        if not addresses:
            raise SuspectUnreachable(f"the name {host!r} has no address; check the URL")
        return self.backend.connect_tcp(
            str(addresses[0]), port, timeout=timeout, local_address=local_address, socket_options=socket_options
        )
