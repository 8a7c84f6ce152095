"""The addresses on which the proxy listens."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from dokkupy.errors import UsageError

NONE: Final = "none"


class BindAddress(str):
    """An IPv4 or IPv6 address of this host, or `none`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address in its normal spelling.

        Raises:
            UsageError: it is neither an address nor `none`.
        """
        from ipaddress import ip_address

        if text == NONE:
            return cls(text)
        try:
            address = ip_address(text)
        except ValueError:
            address = None
        if address is None or getattr(address, "scope_id", None):
            raise UsageError(
                f"{text[:80]!a} is not an address to listen on.",
                hint="Use an IP address of this host, 0.0.0.0 or :: for all of them, or none.",
            )
        return cls(address)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listen:
    """One socket that the proxy listens on."""

    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """IPv6 when the address has a colon."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    def __str__(self) -> str:
        """Return it as nginx's `listen` wants it."""
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else f"{self.address}:{self.port}"
        )


def listens(addresses: tuple[str, ...], port: int) -> tuple[Listen, ...]:
    """Return the sockets for `port`, leaving out families that are off or absent on this host."""
    return tuple(
        Listen(address=address, port=port)
        for address in addresses
        if address != NONE and (":" not in address or has_ipv6())
    )


def has_ipv6() -> bool:
    """Say whether this host's kernel has IPv6 switched on."""
    try:
        return bool(Path("/proc/net/if_inet6").read_text(encoding="ascii"))
    except FileNotFoundError:
        return False
