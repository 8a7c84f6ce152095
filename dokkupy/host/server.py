"""A whole server: its parts in order, looked at, made, and taken away."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dokkupy.engine_docker.engine import DEFAULT_SOCKET
from dokkupy.errors import DokkupyError, Refused
from dokkupy.host import ssh_server
from dokkupy.host.account import AccountPart
from dokkupy.host.backups import BackupsPart
from dokkupy.host.boot import BootPart
from dokkupy.host.command import CommandPart
from dokkupy.host.engine import ContainersPart, EnginePart, socket_group
from dokkupy.host.entries import EntriesPart
from dokkupy.host.finding import Finding, Verdict
from dokkupy.host.folder import FolderPart
from dokkupy.host.low_ports import LowPortsPart
from dokkupy.host.naming import NamingPart
from dokkupy.host.part import Part
from dokkupy.host.programs import ProgramsPart
from dokkupy.host.reach import ReachPart
from dokkupy.host.serving import ServingPart
from dokkupy.host.ssh_server import SshPart
from dokkupy.host.state import StatePart
from dokkupy.host.wanted import Wanted
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.engine import Engine
    from dokkupy.types import Stream


def parts(wanted: Wanted, engine: Engine, *, with_data: bool = False) -> tuple[Part, ...]:
    """Return the parts of a server, each after those that it stands on."""
    boot = BootPart(wanted)
    return (
        ProgramsPart(),
        ReachPart(),
        EnginePart(engine, DEFAULT_SOCKET),
        AccountPart(wanted, socket_group(DEFAULT_SOCKET)),
        FolderPart(wanted, with_data=with_data),
        LowPortsPart(wanted),
        ContainersPart(engine, wanted, with_data=with_data),
        StatePart(wanted, ssh_server.port()),
        EntriesPart(wanted),
        CommandPart(wanted),
        SshPart(wanted),
        NamingPart(wanted),
        boot,
        BackupsPart(wanted),
        ServingPart(wanted, boot),
    )


def check(server: Sequence[Part]) -> list[Finding]:
    """Return what all parts look like."""
    return [finding for part in server for finding in part.look()]


def setup(server: Sequence[Part]) -> Stream[int]:
    """Make every part that is not there yet; return how much there was to do.

    Raises:
        Refused: something is in the way that only a person can change; nothing was done.
        DokkupyError: a part could not be made; what was made stays, and can be gone on from.
    """
    refuse_others("setup")
    in_the_way = [finding for finding in check(server) if finding.verdict is Verdict.BLOCKED]
    if in_the_way:
        raise Refused(
            f"{len(in_the_way)} things are in the way; nothing was done.",
            detail="\n".join(finding.text() for finding in in_the_way),
            hint="Mend them and see the rest: dokkupy host check",
        )
    changed = 0
    for part in server:
        wishes = _wishes(part)
        for finding in wishes:
            yield Line(text=finding.message, stream="progress")
        if wishes:
            for text in part.make():
                yield Line(text=f"  {text}")
            _insist(part)
        changed += len(wishes)
    return changed


def _wishes(part: Part) -> list[Finding]:
    return [finding for finding in part.look() if finding.verdict is Verdict.TO_DO]


def _insist(part: Part) -> None:
    left = _wishes(part)
    if left:
        raise DokkupyError(
            f"This was done and is not there: {left[0].message}", hint="dokkupy host check"
        )


def remove(server: Sequence[Part]) -> Stream[int]:
    """Take away what a setup made, the last part first; return how much that was.

    Raises:
        Refused: the caller is not root.
        DokkupyError: a part could not be removed; to ask again goes on from there.
    """
    refuse_others("remove")
    removed = 0
    for part in reversed(server):
        for text in part.unmake():
            removed += 1
            yield Line(text=text, stream="progress")
    return removed


def refuse_others(verb: str) -> None:
    """Let only the super-user go on.

    Raises:
        Refused: the caller is somebody else.
    """
    if os.geteuid() != 0:
        raise Refused(
            "This concerns the whole machine, so only root can do it.",
            hint=f"sudo dokkupy host {verb}",
        )
