"""The detached process that does one job: it reads the request, does the work, writes the outcome.

Started by `dokkupy.jobs.start` with the root and the job's directory as arguments, the request on
standard input, the log as standard output and error, and the job's lock as descriptor 3.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from dokkupy import jobs
from dokkupy.errors import DeployFailed, DokkupyError, StateError, UsageError
from dokkupy.results import to_json

if TYPE_CHECKING:
    from dokkupy.types import Line

WORK: Final[Mapping[str, str]] = {
    "adopt": "dokkupy.pipeline:adopt",
    "bring": "dokkupy.pipeline:push",
    "build": "dokkupy.pipeline:build",
    "change-config": "dokkupy.pipeline:change_config",
    "clean": "dokkupy.cleanup:clean",
    "deploy": "dokkupy.pipeline:deploy",
    "deploy-build": "dokkupy.pipeline:deploy_build",
    "deploy-image": "dokkupy.pipeline:deploy_image",
    "down": "dokkupy.power:down",
    "guard": "dokkupy.oneoffs:guard",
    "limit": "dokkupy.formation:limit",
    "promote": "dokkupy.pipeline:promote",
    "publish": "dokkupy.publishing:push",
    "push": "dokkupy.branches:push",
    "refresh": "dokkupy.pipeline:refresh",
    "rename": "dokkupy.renaming:rename",
    "restart": "dokkupy.formation:restart",
    "rollback": "dokkupy.pipeline:rollback",
    "scale": "dokkupy.formation:scale",
    "service": "dokkupy.services.work:perform",
    "start": "dokkupy.formation:start",
    "stop": "dokkupy.formation:stop",
    "sync": "dokkupy.syncing:sync",
    "up": "dokkupy.power:up",
}
"""Kind of job -> the function that does it: `f(platform, report, app=…, **arguments)`.

`app` is left out when the job concerns no single app. What it returns becomes the job's result.
"""


def main(argv: list[str] | None = None, work: Mapping[str, str] = WORK) -> NoReturn:
    """Do the job that the arguments name and leave the process; it never returns."""
    root, directory = sys.argv[1:] if argv is None else argv
    os.set_inheritable(jobs.LOCK_DESCRIPTOR, False)
    os.closerange(jobs.LOCK_DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminated)
    os.chdir(root)
    with open(0, "rb") as stdin:
        text = stdin.readline()
    os.open(os.devnull, os.O_RDONLY)  # takes the lowest number, which is 0 again
    try:
        request = json.loads(text)
    except ValueError:  # who started us had nothing to do, or died before it could say what
        jobs.discard(directory)
        os._exit(0)
    end = _do(Path(root), request, work)
    jobs.prune(root)
    jobs.finish(directory, end)
    # Threads and connections that a library left behind have no say in when we leave.
    os._exit(0 if end["ok"] else end["error"]["exit_code"])


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    # Once: a second signal must not cut short the clean-up that the first one caused.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise DeployFailed(
        "The process that did this was told to stop (SIGTERM).",
        hint="Finish or undo what it left: dokkupy up",
    )


def _do(root: Path, request: Mapping[str, Any], work: Mapping[str, str]) -> dict[str, Any]:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

    try:
        function = _function(request["kind"], work)
        arguments = dict(request["arguments"])
        if request["app"]:
            arguments["app"] = AppName.parse(request["app"])
        platform = Platform(root, actor=request["actor"])
        platform.hooks.on_warning = _warn
        try:
            return {"ok": True, "result": to_json(function(platform, _report, **arguments))}
        finally:
            # The work is over: nothing may come between it and the word of how it ended.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            platform.close()
    except DokkupyError as error:
        return {"ok": False, **error.as_dict()}
    except Exception as error:  # noqa: BLE001 (the runner's own main loop)
        return {"ok": False, **_explained(error, root).as_dict()}


def _explained(error: Exception, root: Path) -> DokkupyError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StateError(
            f"The disk of {root} is full.",
            hint="Make room, then finish or undo what it left: "
            f"df -h {shlex.quote(str(root))}; dokkupy up",
            detail=str(error),
        )
    return DokkupyError(
        f"dokkupy itself failed: {type(error).__name__}: {error}",
        hint="Finish or undo what it left: dokkupy up",
        detail=traceback.format_exc(),
    )


def _function(kind: str, work: Mapping[str, str]) -> Callable[..., object]:
    if kind not in work:
        raise UsageError(f"There is no job of the kind {kind!a}.")
    module, _, name = work[kind].partition(":")
    function: Callable[..., object] = getattr(import_module(module), name)
    return function


def _report(line: Line) -> None:
    with suppress(OSError):  # a story that finds no room must not end what it tells of
        os.write(1, jobs.encode(line.stream, line.text))


def _warn(error: DokkupyError) -> None:
    from dokkupy.types import Line

    _report(Line(text=f"Warning: {error.message}", stream="warning"))
