# The git hook starts with this module, so it imports only what costs next to nothing: no typing,
# pathlib or json at its top, and paths are strings.
"""Jobs: long pieces of work done by a detached process each, whose log anybody may follow.

A job is a directory below the root's `jobs`:

    lock           held by the runner as long as it lives, and handed over to it already locked
    outcome.new    room on the disk for the outcome, lest a full one keep why a job failed
    log            one line of text per line; a first byte 0x01 marks progress, 0x02 a warning
    outcome.json   written as the last act: {"ok": true, "result": …}, or {"ok": false, "error": …}

The request reaches the runner through a pipe: it may hold config values, which belong neither on
disk nor in an argument list.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Literal, TypeAlias

    from dokkupy.errors import DokkupyError
    from dokkupy.names import AppName
    from dokkupy.paths import Paths
    from dokkupy.platform import Platform
    from dokkupy.types import Stream

    Channel: TypeAlias = Literal["progress", "output", "warning"]
    Told: TypeAlias = tuple[Channel, str]
    """A line of a log: what kind it is, and its text."""

LOCK_DESCRIPTOR = 3
"""Where the runner finds its lock."""
REQUEST_END = b"\n"
"""Ends a request, for programs between a submitter and its job may hold their pipe open too."""
POLL_SECONDS = 0.01
OUTCOME_BYTES = 4096
"""How much room an outcome finds on a disk that has become full."""
KEPT = 50
"""How many finished jobs stay to be looked at."""
KEPT_SECONDS = 60.0
"""How long one stays in any case, for whoever follows it has still to read how it ended."""


_MARKS: Mapping[Channel, bytes] = {"progress": b"\x01", "warning": b"\x02", "output": b""}
_CHANNELS: Mapping[int, Channel] = {1: "progress", 2: "warning"}
RUNNER = "from dokkupy.runner import main; main()"
"""What the runner's interpreter is told; `-m` would cost some milliseconds more."""


class Job:
    """A job that has been started, as its submitter sees it."""

    __slots__ = ("_request", "directory", "pid")

    def __init__(self, directory: str, pid: int, request: int) -> None:
        self.directory = directory
        self.pid = pid
        self._request = request

    @property
    def id(self) -> str:
        """Its name, which sorts by time."""
        return os.path.basename(self.directory)

    def send(
        self, *, kind: str, app: str, arguments: Mapping[str, object], actor: str = ""
    ) -> None:
        """Tell the waiting runner what to do; `arguments` must be fit for JSON."""
        import json

        request = {"kind": kind, "app": app, "arguments": dict(arguments), "actor": actor}
        text = json.dumps(request).encode() + REQUEST_END
        try:
            while text:
                text = text[os.write(self._request, text) :]
        except BrokenPipeError:  # the runner is dead; whoever follows will say so
            pass
        finally:
            os.close(self._request)

    def abandon(self) -> None:
        """Let the runner leave without having been told what to do."""
        try:
            os.write(self._request, REQUEST_END)
        except BrokenPipeError:  # it is dead already
            pass
        os.close(self._request)

    def bequeath(self) -> str:
        """Return the words by which the program that this process becomes finds the job again."""
        os.set_inheritable(self._request, True)
        return f"{self._request} {self.pid} {self.directory}"

    @classmethod
    def inherit(cls, words: str) -> Job:
        """Take over a job from the process that has bequeathed it."""
        request, pid, directory = words.split(" ", 2)
        os.set_inheritable(int(request), False)
        return cls(directory, int(pid), int(request))


def start(root: str, variables: Mapping[str, str] = os.environ) -> Job:
    """Start a runner for the root; it makes itself ready while the request is put together.

    It gets the variables but for what git or sshd told us about this one call.
    """
    now = time.time_ns()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now // 10**9))
    name = f"{stamp}.{now % 10**9 // 1000:06}-{os.urandom(3).hex()}"
    directory = os.path.join(root, "jobs", name)
    os.mkdir(directory, 0o700)
    opened: list[int] = []

    def high(descriptor: int) -> int:
        # Above the numbers that the runner's own take, so that none overwrites another.
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(descriptor)
        opened.append(moved)
        return moved

    try:
        lock = high(os.open(f"{directory}/lock", os.O_RDWR | os.O_CREAT, 0o600))
        fcntl.flock(lock, fcntl.LOCK_EX)
        log = high(os.open(f"{directory}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        _reserve(directory)
        ours, theirs = os.pipe()
        request, told = high(ours), high(theirs)
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-c", RUNNER, root, directory],
            environment(variables),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, request, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, lock, LOCK_DESCRIPTOR),
            ],
            setsid=True,
        )
        opened.remove(told)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return Job(directory, pid, told)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what git or sshd told us about this one call."""
    return {
        key: value
        for key, value in variables.items()
        if not key.startswith("GIT_") and key != "SSH_ORIGINAL_COMMAND"
    }


def submit(
    paths: Paths, kind: str, app: str, arguments: Mapping[str, object], *, actor: str = ""
) -> Job:
    """Start a job; `kind` is a word of `dokkupy.runner.WORK`, `arguments` must be fit for JSON."""
    job = start(str(paths.root))
    job.send(kind=kind, app=app, arguments=arguments, actor=actor)
    return job


def run(
    platform: Platform, kind: str, app: AppName | None, arguments: Mapping[str, object]
) -> Stream[Any]:
    """Start a job in the name of the platform's actor and follow it to its end."""
    job = submit(platform.paths, kind, app or "", arguments, actor=platform.actor)
    return (yield from follow(job))


def follow(job: Job) -> Stream[Any]:
    """Give a job's lines as they come, and at the end its result.

    Who stops listening does not stop the job.

    Raises:
        DokkupyError: the job failed; the same error that ended it.
        DeployFailed: the runner died before it could say how the job ended.
    """
    from dokkupy.types import Line

    for lines in watch(job.directory):
        for stream, text in lines:
            yield Line(text=text, stream=stream)
    end = outcome(job.directory)
    reap(job)
    if end["ok"]:
        return end["result"]
    raise error_of(end["error"])


def watch(directory: str) -> Iterator[list[Told]]:
    """Give the lines of a job's log as they come, several at a time, until the job has ended."""
    log = os.open(f"{directory}/log", os.O_RDONLY)
    lock = os.open(f"{directory}/lock", os.O_RDONLY)
    rest = b""
    try:
        while True:
            # Asked before reading: what was written before the end is then not missed.
            ended = _has_ended(directory, lock)
            while chunk := os.read(log, 65536):
                *lines, rest = (rest + chunk).split(b"\n")
                yield [decode(line) for line in lines]
            if ended:
                break
            time.sleep(POLL_SECONDS)
        if rest:
            yield [decode(rest)]
    finally:
        os.close(log)
        os.close(lock)


def _has_ended(directory: str, lock: int) -> bool:
    if os.path.exists(f"{directory}/outcome.json"):
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def outcome(directory: str) -> dict[str, Any]:
    """Return how an ended job ended: `ok` with `result`, or `error` as `DokkupyError` tells it."""
    import json

    try:
        with open(f"{directory}/outcome.json", "rb") as file:
            end: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return {
            "ok": False,
            "error": {
                "code": "deploy-failed",
                "message": "The process that did this died before it could finish.",
                "hint": "Finish or undo what it left: dokkupy up",
                "detail": "",
                "exit_code": 11,
            },
        }
    return end


def reap(job: Job) -> None:
    """Take the ended runner off the list of processes when it is a child of ours."""
    try:
        os.waitpid(job.pid, 0)
    except ChildProcessError:
        pass


def error_of(body: Mapping[str, Any]) -> DokkupyError:
    """Rebuild an error from what `DokkupyError.as_dict` holds under `error`."""
    from dokkupy.errors import DokkupyError

    tree = [DokkupyError]
    for kind in tree:
        tree += kind.__subclasses__()
    for kind in tree:
        if kind.code == body["code"]:
            return kind(body["message"], hint=body["hint"], detail=body["detail"])

    class ForeignError(DokkupyError):
        """An error of a plugin that this process has not loaded."""

        code = body["code"]
        exit_code = body["exit_code"]

    return ForeignError(body["message"], hint=body["hint"], detail=body["detail"])


def encode(channel: Channel, text: str) -> bytes:
    """Return the bytes that a line, or text of several lines, takes in the log."""
    mark = _MARKS[channel]
    lines = text.encode("utf-8", "surrogateescape").split(b"\n")
    return b"".join(mark + line + b"\n" for line in lines)


def decode(line: bytes) -> Told:
    """Return the kind and the text of one line of a log, given without its line end."""
    channel: Channel = _CHANNELS.get(line[0], "output") if line else "output"
    return channel, line[channel != "output" :].decode("utf-8", "replace")


def finish(directory: str, end: Mapping[str, Any]) -> None:
    """Say how a job ended, all at once; the runner's last act."""
    import json

    file = os.open(f"{directory}/outcome.new", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            size = _write(file, json.dumps(end).encode())
        except OSError:
            if end["ok"]:
                raise
            # A full disk has room for the cause alone, not for its evidence.
            cause = {**end, "error": {**end["error"], "detail": ""}}
            size = _write(file, json.dumps(cause).encode())
        os.ftruncate(file, size)
    finally:
        os.close(file)
    os.rename(f"{directory}/outcome.new", f"{directory}/outcome.json")


def _reserve(directory: str) -> None:
    file = os.open(f"{directory}/outcome.new", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, OUTCOME_BYTES)
    finally:
        os.close(file)


def _write(file: int, text: bytes) -> int:
    written = 0
    while written < len(text):
        written += os.pwrite(file, text[written:], written)
    return written


def discard(directory: str) -> None:
    """Remove what is left of a job that nobody follows."""
    import shutil

    shutil.rmtree(directory, ignore_errors=True)


def prune(root: str) -> None:
    """Remove the oldest ended jobs beyond the last 50."""
    folder = os.path.join(root, "jobs")
    for name in sorted(os.listdir(folder))[:-KEPT]:
        directory = os.path.join(folder, name)
        try:
            # Its outcome is the last that changes a job's folder.
            is_fresh = time.time() - os.stat(directory).st_mtime < KEPT_SECONDS
            lock = os.open(f"{directory}/lock", os.O_RDONLY)
        except OSError:  # another runner is removing it, or it is no job
            continue
        try:
            ended = not is_fresh and _has_ended(directory, lock)
        finally:
            os.close(lock)
        if ended:
            discard(directory)
