"""What a container takes of its host."""

from __future__ import annotations

import json
from typing import Any

from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.wire import open_stream


def memory(client: Client, container: str) -> int:
    """Return the bytes that a container holds, without those that the kernel can take back."""
    path = f"/containers/{container}/stats"
    query = {"stream": "0", "one-shot": "1"}
    with open_stream(client.socket, "GET", path, query=query) as answer:
        said: dict[str, Any] = json.loads(answer.read_all())["memory_stats"]
    detail = said.get("stats") or {}
    # The first is of cgroups version 2, the other of version 1.
    cached = detail.get("inactive_file", detail.get("total_inactive_file", 0))
    return max(0, int(said.get("usage", 0)) - int(cached))
