"""The hook `proc-receive` of every app's repository: it hands a push to a job and tells its story.

The talk with git is described in githooks(5) and gitprotocol-common(5). What was pushed stands or
falls together: when a deploy fails, neither the other branches nor the tags of that push are
stored. A client that is slow, stopped or gone cannot hold up the job; it only misses its story.

It starts on every push, so it imports next to nothing.
"""

from __future__ import annotations

import os
import select
import sys

from dokkupy import jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import IO, Any, NoReturn, TypeAlias

    Update: TypeAlias = tuple[str, str, str]
    """Ref, old commit, new commit; forty zeros where there is none."""

FLUSH = b"0000"
TAGS = "refs/tags/"
PACKET_LIMIT = 65516
"""Bytes that one packet can carry."""
PATIENCE_SECONDS = 10.0
"""How long a client may take nothing before it misses what happens until it listens again."""
REASON_LIMIT = 300
"""Characters of an error that git shows beside the rejected branch."""

ROOT_REFUSED = (
    b"root may not push into another user's repository: what is pushed would be root's there.\n"
    b"Push by ssh: dokkupy git remote APP\n"
)

MARGINS = {"progress": "-----> ", "output": "       ", "warning": " !     "}


def main() -> NoReturn:
    """Serve the push that git has called us for, and leave the process."""
    if os.geteuid() == 0 != os.stat(".").st_uid:
        os.write(2, ROOT_REFUSED)
        os._exit(1)
    try:
        # First of all, for the runner takes longer to get ready than git to tell us what is up.
        waiting = os.environ.pop("DOKKUPY_JOB", "")
        root = os.path.dirname(os.path.dirname(os.getcwd()))
        job = jobs.Job.inherit(waiting) if waiting else jobs.start(root)
        serve(os.getcwd(), sys.stdin.buffer, os.environ.get("DOKKUPY_ACTOR", ""), job)
    except (KeyboardInterrupt, BrokenPipeError):  # the client has gone; its job goes on
        os._exit(130)
    except OSError as error:
        os.write(2, f"dokkupy cannot start the deploy: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def serve(repository: str, stdin: IO[bytes], actor: str, job: jobs.Job) -> None:
    """Read one push to the repository from `stdin`, follow its job, answer on descriptor 1."""
    app = os.path.basename(repository).removesuffix(".git")
    features = read_features(read_packets(stdin))
    send(1, [packet(b"version=1\0atomic" if "atomic" in features else b"version=1"), FLUSH])
    updates = [read_update(line) for line in read_packets(stdin)]
    branches = [update for update in updates if update[0].startswith("refs/heads/")]
    if not branches:
        job.abandon()
        Client(2).tell(advice(app, updates))
        send(1, answer(updates, deployed=()))
        return
    job.send(kind="push", app=app, arguments={"updates": branches}, actor=actor)
    client = Client(2)
    for lines in jobs.watch(job.directory):
        client.tell(lines)
    end = jobs.outcome(job.directory)
    if end["ok"]:
        send(1, answer(updates, deployed=end["result"]["deployed"]))
    else:
        client.tell(story_of(end["error"]))
        send(1, refusal(updates, end["error"]["message"]))


def advice(app: str, updates: Iterable[Update]) -> list[jobs.Told]:
    """Return what a person is told whose push brings tags and no branch: nothing of it deploys."""
    tags = [
        ref.removeprefix(TAGS) for ref, _, new in updates if ref.startswith(TAGS) and int(new, 16)
    ]
    if not tags:
        return []
    import shlex

    others = f" and {len(tags) - 1} more are" if tags[1:] else " is"
    return [
        ("warning", f"{tags[0]}{others} stored, not deployed."),
        ("warning", f"Deploy it: dokkupy deploy {app} --ref {shlex.quote(tags[0])}"),
    ]


def packet(line: bytes) -> bytes:
    """Return a line as git's packets carry it.

    Raises:
        ValueError: it does not fit into one.
    """
    if len(line) > PACKET_LIMIT:
        raise ValueError("too long for one packet")
    return b"%04x%s" % (len(line) + 4, line)


def read_packets(stream: IO[bytes]) -> list[bytes]:
    """Return the lines up to the next flush packet, without their line ends.

    Raises:
        BrokenPipeError: git ended, or talks nonsense.
    """
    lines = []
    while (head := stream.read(4)) != FLUSH:
        try:
            size = int(head, 16) - 4
        except ValueError:
            size = -1
        line = stream.read(size) if size >= 0 else b""
        if size < 0 or len(line) != size:
            raise BrokenPipeError("git ended its talk in the middle of a packet")
        lines.append(line.removesuffix(b"\n"))
    return lines


def read_features(lines: Sequence[bytes]) -> list[str]:
    """Return what git says it can do; its first line is `version=1`, NUL, words."""
    return lines[0].partition(b"\0")[2].decode().split() if lines else []


def read_update(line: bytes) -> Update:
    """Read `OLD NEW REF`."""
    old, new, ref = line.decode("utf-8", "surrogateescape").split(" ", 2)
    return ref, old, new


def answer(updates: Iterable[Update], deployed: Sequence[str]) -> list[bytes]:
    """Return the packets that accept a push; git itself stores what the job has not."""
    packets = []
    for ref, _, _ in updates:
        packets.append(packet(f"ok {ref}".encode("utf-8", "surrogateescape")))
        if ref not in deployed:
            packets.append(packet(b"option fall-through"))
    return [*packets, FLUSH]


def refusal(updates: Iterable[Update], reason: str) -> list[bytes]:
    """Return the packets that refuse everything in a push."""
    short = " ".join(reason.split())
    if len(short) > REASON_LIMIT:
        short = short[: REASON_LIMIT - 1] + "…"
    lines = [f"ng {ref} {short}".encode("utf-8", "surrogateescape") for ref, _, _ in updates]
    return [*map(packet, lines), FLUSH]


def story_of(error: Mapping[str, Any]) -> list[jobs.Told]:
    """Return the last lines of a push that failed: what happened, the evidence, what to do."""
    story: list[jobs.Told] = [("warning", error["message"])]
    story += [("output", line) for line in error["detail"].splitlines()]
    story += [("warning", line) for line in error["hint"].splitlines()]
    return story


def send(descriptor: int, packets: Iterable[bytes]) -> None:
    """Write all packets to git, which reads them at once."""
    data = b"".join(packets)
    while data:
        data = data[os.write(descriptor, data) :]


class Client:
    """The person who pushes, at the other end of a pipe that may fill up or break."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._listening = True
        self._patience = PATIENCE_SECONDS
        os.set_blocking(descriptor, False)

    def tell(self, lines: Iterable[jobs.Told]) -> None:
        """Write lines with the margin of their kind; what a deaf client does not take is lost."""
        text = "".join(f"{MARGINS[channel]}{line}\n" for channel, line in lines)
        if not self._patience:
            text = f"\n{text}"  # something was cut off, perhaps in the middle of a line
        data = text.encode("utf-8", "surrogateescape")
        while data and self._listening:
            try:
                data = data[os.write(self._descriptor, data) :]
                self._patience = PATIENCE_SECONDS
            except BlockingIOError:
                if not select.select((), (self._descriptor,), (), self._patience)[1]:
                    self._patience = 0.0
                    return
            except BrokenPipeError:
                self._listening = False
