"""Jobs for tests of runner, hook and followers; `main` stands in for `dokkupy.runner.main`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dokkupy import git, jobs, runner
from dokkupy.errors import BuildFailed, DokkupyError
from dokkupy.locks import app_lock
from dokkupy.names import AppName
from dokkupy.types import Environment, Line

if TYPE_CHECKING:
    from dokkupy.platform import Platform

Send = Callable[[Line], None]


class PluginsOwnError(DokkupyError):
    """An error that no follower has loaded."""

    exit_code = 77
    code = "plugins-own"


def echo(platform: Platform, send: Send, *, app: AppName, text: str) -> object:
    """Say who asked for what."""
    send(Line(text=f"{platform.actor} wants {text} for {app}", stream="progress"))
    return {"app": app, "env": Environment(KEY="hidden"), "cwd": Path.cwd(), "pair": (1, None)}


def surroundings(platform: Platform, send: Send) -> object:
    """Tell what the runner's process looks like."""
    return {
        "environment": dict(os.environ),
        "files": [
            str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()
        ],
        "session": os.getsid(0) == os.getpid(),
        "stdin": str(Path("/proc/self/fd/0").readlink()),
        "argv": Path("/proc/self/cmdline").read_text(),
    }


def print_(platform: Platform, send: Send, *, texts: Sequence[str]) -> None:
    """Print lines of every kind."""
    for text in texts:
        send(Line(text=text, stream="progress"))
        send(Line(text=text, stream="output"))
        send(Line(text=text, stream="warning"))


def fail(platform: Platform, send: Send) -> None:
    """Fail as a build does."""
    raise BuildFailed("No image.", hint="mend it", detail="step 1\nstep 2")


def fail_foreign(platform: Platform, send: Send) -> None:
    """Fail with an error that the follower does not know."""
    raise PluginsOwnError("Mine.")


def crash(platform: Platform, send: Send) -> None:
    """Fail as a bug does."""
    raise ZeroDivisionError("by nothing")


def die(platform: Platform, send: Send) -> None:
    """Die as by the kernel's hand."""
    send(Line(text="last words"))
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_end(platform: Platform, send: Send, *, clean_up: str) -> None:
    """Wait until somebody ends it, then clean up."""
    try:
        send(Line(text=f"waiting in {os.getpid()}"))
        signal.pause()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)  # an impatient person's second one
        Path(clean_up).write_text("cleaned up")


def end_too_late(platform: Platform, send: Send) -> str:
    """Be told to stop when the work is done."""
    kept = jobs.prune

    def prune(root: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        kept(root)

    jobs.prune = prune
    return "done"


def push(
    platform: Platform, send: Send, *, app: AppName, updates: Sequence[Sequence[str]]
) -> dict[str, list[str]]:
    """Do what each branch's name says: stored is not deployed, big talks a lot, bad fails."""
    (platform.paths.run / "runner").write_text(str(os.getpid()))
    deployed = []
    for ref, old, new in updates:
        with app_lock(platform.paths, app, what=f"push of {ref}"):
            name = ref.removeprefix("refs/heads/")
            send(Line(text="begun", stream="progress"))
            gate = platform.paths.run / "gate"
            while gate.exists():
                time.sleep(0.01)
            for number in range(200_000 if name.startswith("big") else 10):
                send(Line(text=f"{number:06} of the lines that it has to say about this"))
            if name.startswith("bad"):
                raise BuildFailed("It does not\nbuild.", hint="mend it", detail="step 1\nstep 2")
            if name.startswith("stored"):
                continue
            git.update_ref(platform.paths, app, ref, new, old)
            deployed.append(ref)
            (platform.paths.run / f"live-{name}").write_text(f"{platform.actor} {new}")
            (platform.paths.run / f"environment-{name}").write_text(json.dumps(dict(os.environ)))
            send(Line(text="live at http://hello", stream="progress"))
    return {"deployed": deployed}


def main() -> NoReturn:
    """Run as the runner does, with the jobs above."""
    work: list[Callable[..., object]] = [echo, surroundings, print_, fail, fail_foreign, crash]
    work += [die, wait_for_end, end_too_late, push]
    runner.main(work={job.__name__: f"stub_work:{job.__name__}" for job in work})
