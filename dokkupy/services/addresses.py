"""What people type to name an address of the host, and an image."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from typing import Final, Self

from dokkupy.errors import Conflict, UsageError

_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,200}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class HostAddress(str):
    """An IPv4 address of this host."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that `text` spells.

        Raises:
            UsageError: it is no IPv4 address.
        """
        try:
            return cls(ipaddress.IPv4Address(text))
        except ValueError:
            raise UsageError(
                f"{text!a:.60} is no IPv4 address.",
                hint="Use 127.0.0.1 for this host alone, 0.0.0.0 for everybody.",
            ) from None


THIS_HOST: Final = HostAddress("127.0.0.1")


class ImageName(str):
    """The name of an image with its tag: `mariadb:11.4`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference that `text` spells.

        Raises:
            UsageError: it is none, or has no tag.
        """
        if not _IMAGE.fullmatch(text):
            raise UsageError(
                f"{text!a:.80} is no image with a tag.", hint="Write it as NAME:VERSION."
            )
        return cls(text)


def free_port(address: str, port: int = 0) -> int:
    """Return a TCP port of an address of this host that nobody listens on, `port` if it is given.

    Raises:
        UsageError: it is no address of this host.
        Conflict: somebody listens on that port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError:  # ports below 1024 are the engine's to take
            return port
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Conflict(
                    f"Somebody listens on {address}:{port} already.",
                    hint=f"See who: ss --listening --tcp --processes 'sport = {port}'",
                ) from None
            raise UsageError(
                f"{address} is no address of this host.", hint="See which are: ip address"
            ) from None
        found: int = probe.getsockname()[1]
        return found
