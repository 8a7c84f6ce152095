"""Containers fed and heard from their start to their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO

from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.pipes import feed
from dokkupy.engine_docker.wire import Frames, open_stream


def interact(
    client: Client,
    container: str,
    source: IO[bytes],
    sink: Callable[[bytes], object],
    on_error: Callable[[bytes], object],
) -> int:
    """Start a container between its streams, stay until it ends, and return its exit code."""
    path = f"/containers/{container}"
    ends = dict.fromkeys(("stream", "stdin", "stdout", "stderr"), "1")
    with (
        open_stream(client.socket, "POST", f"{path}/attach", query=ends, hijack=True) as stream,
        open_stream(
            client.socket, "POST", f"{path}/wait", query={"condition": "next-exit"}
        ) as ending,
    ):
        client.post(f"{path}/start")
        feeder, frames = feed(stream, source), Frames()
        for arrived in iter(stream.read, b""):
            for output, payload in frames.feed(arrived):
                (on_error if output == 2 else sink)(payload)
        if feeder.failure is not None:
            raise feeder.failure
        return int(json.loads(ending.read_all())["StatusCode"])
