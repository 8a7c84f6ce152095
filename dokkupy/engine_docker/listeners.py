"""What listens inside a container, read from outside where possible."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dokkupy import tcp_table
from dokkupy.engine import ContainerInfo, Listener
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.wire import Frames, open_stream
from dokkupy.errors import Conflict, NotFound

EMBEDDED_DNS: Final = "127.0.0.11"
"""Docker's own resolver, which listens inside every container on a network of ours."""


def listeners(client: Client, container: ContainerInfo) -> list[Listener]:
    """Return the listening sockets of a container's network, ordered by port."""
    if container.state != "running":
        return []
    found = {
        Listener(address=address, port=port)
        for family in ("tcp", "tcp6")
        for one in tcp_table.sockets(_table(client, container, family), tcp_table.LISTEN)
        for address, port in [tcp_table.end(one.local)]
        if address != EMBEDDED_DNS
    }
    return sorted(found, key=lambda listener: (listener.port, listener.address))


def _table(client: Client, container: ContainerInfo, family: str) -> str:
    """Return one of the kernel's tables: the host's /proc needs no program in the image."""
    try:
        return Path(f"/proc/{container.pid}/net/{family}").read_text()
    except OSError:
        return _table_from_inside(client, container.id, family)


def _table_from_inside(client: Client, container: str, family: str) -> str:
    try:
        command = {"Cmd": ["cat", f"/proc/net/{family}"], "AttachStdout": True}
        created = client.post(f"/containers/{container}/exec", command)
        path = f"/exec/{created['Id']}/start"
        body = {"Detach": False, "Tty": False}
        with open_stream(client.socket, "POST", path, body=body, hijack=True) as stream:
            frames = Frames().feed(stream.read_all())
            return b"".join(text for _, text in frames).decode(errors="replace")
    except (NotFound, Conflict):
        # It has ended in the meantime.
        return ""
