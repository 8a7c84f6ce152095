"""Work in a Python of its own: one that has imported no plugin yet, as the owner of the root.

What a plugin prints when it is imported must not be taken for the answer, so the answer goes
through a copy of stdout and all else to stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from dokkupy.errors import DokkupyError, PluginError
from dokkupy.installing.user import User

_PROGRAM: Final = "from dokkupy.installing.fresh import main; main()"
LIMIT_SECONDS: Final = 600


def ask(
    root: Path, task: str, *, overlay: Sequence[Path] = (), actor: str = "", **given: Any
) -> Any:
    """Return what one of `TASKS` answers; what lies in `overlay` goes before what is installed.

    Raises:
        PluginError: the task failed with that message, or came to no answer.
    """
    user = User.owning(root)
    environ = user.environment(os.environ)
    environ.pop("DOKKUPY_PLUGINS", None)
    if overlay:
        before = filter(None, [environ.get("PYTHONPATH", "")])
        environ["PYTHONPATH"] = os.pathsep.join([*map(str, overlay), *before])
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
    asked = json.dumps({"task": task, "root": str(root), "actor": actor, "given": given})
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROGRAM, asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=environ,
            timeout=LIMIT_SECONDS,
            check=False,
            **user.as_process(),
        )
    except subprocess.TimeoutExpired:
        raise PluginError(
            f"A fresh Python was not done with {task!a} after {LIMIT_SECONDS} seconds."
        ) from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise PluginError(
            f"A fresh Python came to no answer to {task!a} (exit code {done.returncode}).",
            detail=done.stderr[-2000:],
        ) from None
    if "error" in answer:
        raise PluginError(**answer["error"])
    return answer["answer"]


def switch(
    root: Path,
    actor: str,
    plugin: str,
    *,
    on: bool,
    event: str = "",
    data: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Let a plugin take part, or not, and write an event of the change.

    Raises:
        PluginError: the proxy refused what follows.
    """
    ask(root, "switch", actor=actor, plugin=plugin, on=on, event=event, data=dict(data))


def main() -> None:
    """Do the task that the one argument describes; write the answer to what stdout was."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked = json.loads(sys.argv[1])
    answer: dict[str, object]
    try:
        task = TASKS[asked["task"]]
        answer = {"answer": task(Path(asked["root"]), asked["actor"], **asked["given"])}
    except DokkupyError as error:
        answer = {"error": {"message": error.message, "hint": error.hint, "detail": error.detail}}
    with out:
        json.dump(answer, out)


def _look(root: Path, actor: str, *, enabled: str = "") -> dict[str, object]:  # noqa: ARG001
    """Return every plugin's state and commands as if `enabled` were not disabled."""
    from dokkupy.index_build import build
    from dokkupy.plugins import Selection, disabled_plugins

    index, _ = build(Selection(disabled=disabled_plugins(root) - {enabled}))
    commands: dict[str, list[str]] = {}
    for verbs in index.commands.values():
        for command in verbs.values():
            commands.setdefault(command.plugin, []).append(command.title)
    return {"plugins": [asdict(plugin) for plugin in index.plugins], "commands": commands}


def _verify(root: Path, actor: str, *, plugin: str) -> list[dict[str, object]]:  # noqa: ARG001
    """Return the outcome of each capability of the plugin's contract."""
    from dokkupy.testing.verify import verify

    return [asdict(capability) for capability in verify(plugin)]


def _switch(
    root: Path, actor: str, *, plugin: str, on: bool, event: str, data: Mapping[str, object]
) -> None:
    """Let a plugin take part, or not; write an event; serve what follows."""
    from dokkupy.installing.switching import switch
    from dokkupy.platform import Platform

    platform = Platform(root, actor=actor)
    try:
        switch(platform, plugin, on=on)
        if event:
            platform.store.events.add(event, data=dict(data))
    finally:
        platform.close()


def _serve(root: Path, actor: str) -> None:
    """Let the proxy serve what the plugins of now contribute."""
    from dokkupy.installing.switching import serve
    from dokkupy.platform import Platform

    platform = Platform(root, actor=actor)
    try:
        serve(platform)
    finally:
        platform.close()


def _stop_proxy(root: Path, actor: str, *, plugin: str) -> bool:
    """Stop the proxy of a plugin that goes."""
    from dokkupy.installing.switching import stop_proxy
    from dokkupy.platform import Platform

    platform = Platform(root, actor=actor)
    try:
        return stop_proxy(platform, plugin)
    finally:
        platform.close()


def _forget(root: Path, actor: str, *, plugin: str, nouns: Sequence[str]) -> int:
    """Forget what a plugin that is gone kept in the store; return how many values."""
    from dokkupy.installing.switching import forget
    from dokkupy.platform import Platform

    platform = Platform(root, actor=actor)
    try:
        return forget(platform, plugin, nouns)
    finally:
        platform.close()


TASKS: Final[Mapping[str, Callable[..., object]]] = {
    "look": _look,
    "verify": _verify,
    "switch": _switch,
    "serve": _serve,
    "stop-proxy": _stop_proxy,
    "forget": _forget,
}
