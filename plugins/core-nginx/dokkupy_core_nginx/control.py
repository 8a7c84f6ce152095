"""The private socket on which the proxy says which configuration it serves."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from dokkupy_core_nginx.render import CONTROL_SOCKET

ANSWER_LIMIT: Final = 1.0
"""Seconds within which a worker that takes connections answers."""

_REQUEST: Final = b"GET /generation HTTP/1.0\r\n\r\n"


def generation(folder: Path) -> int:
    """Ask the proxy of a folder which configuration it serves; 0 when nothing answers."""
    path = folder / CONTROL_SOCKET
    try:
        # A unix socket's path may have 107 bytes, a root's folder more: go through the folder.
        parent = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_LIMIT)
            connection.connect(f"/proc/self/fd/{parent}/{path.name}")
            connection.sendall(_REQUEST)
            answer = b"".join(iter(lambda: connection.recv(1024), b""))
    except OSError:  # nobody listens, or it is being restarted
        return 0
    finally:
        os.close(parent)
    body = answer.rpartition(b"\r\n\r\n")[2]
    return int(body) if body.isdigit() else 0
