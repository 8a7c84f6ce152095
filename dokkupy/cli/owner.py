"""Becoming the user who owns the root, when the super-user asks for something."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from dokkupy.errors import StateError

ACTOR_VARIABLE: Final = "DOKKUPY_ACTOR"
"""Set by the ssh entry to the name of the key; sshd takes no such variable from a client."""

OWN_FOLDERS: Final = (
    "DOCKER_CONFIG",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
)
"""What of the super-user's session names folders that nobody else may enter."""


def become_owner(root: Path, environment: MutableMapping[str, str]) -> None:
    """Go on as the owner of `root` when this process runs as the super-user; else do nothing.

    So no file of the super-user's is left in the root, and nothing that the owner has written
    there is obeyed with more rights than his. Who asked stays known as the actor.

    Raises:
        StateError: the owner is no user of this machine.
    """
    if os.geteuid() != 0:
        return
    try:
        owner = root.stat().st_uid
    except OSError:
        return
    if owner == 0:
        return
    import pwd

    try:
        user = pwd.getpwuid(owner)
    except KeyError:
        import shlex

        raise StateError(
            f"{root} belongs to the user {owner}, who does not exist.",
            hint=f"Give it to one who does: chown -R USER {shlex.quote(str(root))}",
        ) from None
    for variable in OWN_FOLDERS:
        environment.pop(variable, None)
    environment.setdefault(ACTOR_VARIABLE, environment.get("SUDO_USER") or "root")
    environment.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(owner)
