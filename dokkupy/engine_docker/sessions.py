"""Processes in containers, joined to this process's own stdin, stdout and stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress

from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.terminal import converse
from dokkupy.engine_docker.wire import open_stream
from dokkupy.errors import Conflict, EngineError, NotFound


def attach(client: Client, container: str) -> int:
    """Start a container, stay with it until it ends, and return its exit code."""
    path = f"/containers/{container}"
    ends = dict.fromkeys(("stream", "stdin", "stdout", "stderr"), "1")
    tty: bool = client.get(f"{path}/json")["Config"]["Tty"]
    # Both are asked for before the start: a short process is over, and removed, in no time.
    with (
        open_stream(client.socket, "POST", f"{path}/attach", query=ends, hijack=True) as stream,
        open_stream(
            client.socket, "POST", f"{path}/wait", query={"condition": "next-exit"}
        ) as ending,
    ):
        client.post(f"{path}/start")
        converse(stream, interactive=True, far_tty=tty, resize=_resizer(client, path))
        return int(json.loads(ending.read_all())["StatusCode"])


def execute(
    client: Client, container: str, command: Sequence[str], *, interactive: bool, tty: bool
) -> int:
    """Run a command in a running container and return its exit code."""
    wanted = {
        "Cmd": list(command),
        "Tty": tty,
        "AttachStdin": interactive,
        "AttachStdout": True,
        "AttachStderr": True,
    }
    created = client.post(f"/containers/{container}/exec", wanted)
    path = f"/exec/{created['Id']}"
    body = {"Detach": False, "Tty": tty}
    with open_stream(client.socket, "POST", f"{path}/start", body=body, hijack=True) as stream:
        converse(stream, interactive=interactive, far_tty=tty, resize=_resizer(client, path))
    return int(client.get(f"{path}/json")["ExitCode"])


def _resizer(client: Client, path: str) -> Callable[[int, int], None]:
    def resize(rows: int, columns: int) -> None:
        query = {"h": str(rows), "w": str(columns)}
        # A process that has ended needs no size, one that is not quite there keeps the default.
        with suppress(NotFound, Conflict, EngineError):
            open_stream(client.socket, "POST", f"{path}/resize", query=query).close()

    return resize
