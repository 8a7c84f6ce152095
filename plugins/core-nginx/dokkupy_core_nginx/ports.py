"""Whether a port can be had, asked of the kernel in the way nginx will ask."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dokkupy.launching import launched
from dokkupy_core_nginx.addresses import Listen


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a socket cannot be opened."""

    reason: str
    hint: str = ""
    final: bool = True
    """False when it could be opened if whoever holds it let go."""


def obstacle(listen: Listen, launcher: Path | None = None) -> Obstacle | None:
    """Return what stands in the way of nginx listening there, None when nothing does.

    `launcher` is what nginx will be started by, so it is asked when the port is closed to us.
    """
    number = refusal(listen)
    if number == errno.EACCES:
        number = _launched_refusal(listen, launcher)
    return _obstacle(number) if number else None


def refusal(listen: Listen) -> int:
    """Return the error (errno(3)) that the kernel has for listening there, 0 for none."""
    with socket.socket(listen.family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listen.family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((listen.address, listen.port))
        except OSError as error:
            return error.errno or errno.EIO
    return 0


def _launched_refusal(listen: Listen, launcher: Path | None) -> int:
    program = f"import sys; from {__name__} import *; sys.exit(refusal({listen!r}))"
    words = [sys.executable, "-P", "-c", program]
    asked = launched(launcher, words)
    if asked == words:
        return errno.EACCES
    return subprocess.run(asked, stdin=subprocess.DEVNULL, check=False).returncode


def _obstacle(number: int) -> Obstacle:
    if number == errno.EADDRINUSE:
        return Obstacle(reason="taken", final=False)
    if number == errno.EACCES:
        return Obstacle(
            reason=f"ports below 1024 are closed to user {os.geteuid()}",
            hint="Let it: sudo dokkupy host setup, or use a port above: "
            "dokkupy init --http-port 8080",
        )
    if number == errno.EADDRNOTAVAIL:
        return Obstacle(
            reason="this host has no such address",
            hint="dokkupy nginx set --global bind-address-ipv4 0.0.0.0",
        )
    return Obstacle(reason=os.strerror(number).lower())
