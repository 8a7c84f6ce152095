"""Whether a port can be had, asked of the kernel in the way nginx will ask."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from dokkupy_core_nginx.addresses import Listen


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a socket cannot be opened."""

    reason: str
    hint: str = ""
    final: bool = True
    """False when it could be opened if whoever holds it let go."""


def obstacle(listen: Listen) -> Obstacle | None:
    """Return what stands in the way of listening there, None when nothing does."""
    with socket.socket(listen.family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listen.family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((listen.address, listen.port))
        except OSError as error:
            return _obstacle(error)
    return None


def _obstacle(error: OSError) -> Obstacle:
    if error.errno == errno.EADDRINUSE:
        return Obstacle(reason="taken", final=False)
    if error.errno == errno.EACCES:
        return Obstacle(
            reason=f"ports below 1024 are closed to user {os.geteuid()}",
            hint="Let it: setcap cap_net_bind_service=+ep /usr/sbin/nginx, or use a port above: "
            "dokkupy init --http-port 8080",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return Obstacle(
            reason="this host has no such address",
            hint="dokkupy nginx set --global bind-address-ipv4 0.0.0.0",
        )
    return Obstacle(reason=(error.strerror or str(error)).lower())
