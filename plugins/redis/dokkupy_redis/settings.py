"""The files in a container of Redis: its settings, and its client with the password."""

from __future__ import annotations

from typing import Final

from dokkupy.services.access import Access
from dokkupy.sizes import MemorySize

SETTINGS: Final = "/etc/dokkupy-redis.conf"
PASSWORD: Final = "/etc/dokkupy-password"  # noqa: S105 - where it is, not what it is
CLIENT: Final = "/usr/local/bin/dokkupy-redis-cli"

CLIENT_SCRIPT: Final = f"""\
#!/bin/sh
# The client takes a password from its arguments or its environment alone; all see the first.
REDISCLI_AUTH=$(cat {PASSWORD})
export REDISCLI_AUTH
exec redis-cli "$@"
"""


def settings(access: Access) -> str:
    """Return the settings of a server that loses nothing, or of one that keeps to its memory."""
    mode = access.settings.get("mode", "persistent")
    lines = [
        f"port {access.port}",
        f"requirepass {access.password}",
        "dir /data",
        # A dump is sent as it is made, to whoever asked for it, at once.
        "repl-diskless-sync yes",
        "repl-diskless-sync-delay 0",
        'save ""',
    ]
    if mode == "cache":
        size = MemorySize(access.settings["size"]).bytes
        lines += ["appendonly no", f"maxmemory {size}", "maxmemory-policy allkeys-lru"]
    else:
        # What was acknowledged is on the disk; writers of the same moment share the wait.
        lines += ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"]
    return "\n".join(lines) + "\n"
