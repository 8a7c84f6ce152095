"""What a release is made of: the image and what the source says of how to run it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dokkupy import declared, procfile, shell
from dokkupy.errors import BuildFailed, UsageError
from dokkupy.names import ProcessName
from dokkupy.plan import WEB
from dokkupy.sites import settings as site_settings
from dokkupy.types import Check, Environment, ProcessType, Release

if TYPE_CHECKING:
    from dokkupy.declared import Declared
    from dokkupy.engine import ImageInfo
    from dokkupy.types import Build, BuildRecord, Source

DEFAULT_PORT: Final = 5000
"""What `$PORT` is when neither config nor the image's one EXPOSE decides it (as with Dokku)."""

BY_IMAGE: Final = ()
"""A process type's command when the image's own is meant."""

BY_HAND: Final = "image"
"""The builder of a release whose image nobody has built here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The part of a release that a rollback repeats."""

    image: str
    revision: str
    builder: str
    processes: tuple[ProcessType, ...]
    release_task: tuple[str, ...]
    build: int = 0
    """Number of the build that made the image; 0 when it came from elsewhere."""


def of_build(source: Source, build: Build, image: ImageInfo, said: Declared) -> Contents:
    """Put together what the source declares, what the builder knows and what the image says.

    Raises:
        UsageError: there is a check for a process that there is not.
        BuildFailed: nobody says what to run.
    """
    if site_settings.LABEL in image.labels and (said.lines or said.release_task or said.test):
        raise UsageError(
            "Nothing runs in a static site, and its Procfile or app.json names a command.",
            hint="Remove it; what has to run belongs into an app of its own.",
        )
    known = dict(build.processes)
    known.pop(procfile.TEST, "")
    own_task = known.pop(procfile.RELEASE, "")
    return Contents(
        image=build.image,
        revision=source.revision,
        builder=build.builder,
        processes=_processes(said.lines or known, said.checks, image),
        release_task=task(said.release_task or own_task),
    )


def of_image(image: ImageInfo) -> Contents:
    """Return what an image says of itself; its label when dokkupy has built it.

    Raises:
        UsageError: its label is not understood.
        BuildFailed: it does not say what to run.
    """
    said = declared.from_label(image.labels)
    return Contents(
        image=image.id,
        revision=image.id,
        builder=BY_HAND,
        processes=_processes(said.lines, said.checks, image),
        release_task=task(said.release_task),
    )


def of_record(record: BuildRecord) -> Contents:
    """Return what a build came to."""
    return Contents(
        image=record.image,
        revision=record.revision,
        builder=record.builder,
        processes=record.processes,
        release_task=record.release_task,
        build=record.number,
    )


def task(line: str) -> tuple[str, ...]:
    """Return the command of a task's line; empty when there is none."""
    return shell.of_line(line) if line else ()


def _processes(
    lines: Mapping[str, str], checks: Mapping[str, Check], image: ImageInfo
) -> tuple[ProcessType, ...]:
    site = site_settings.from_label(image.labels)
    if site is not None:
        refuse_unknown(checks, {WEB})
        return (ProcessType(name=WEB, check=Check(settle=0.0), site=site),)
    if not lines and not image.command and not image.entrypoint:
        raise BuildFailed(
            "Neither a Procfile nor the image says what to run.",
            hint="Add a Procfile with a line such as `web: python app.py`, or a CMD.",
        )
    commands = {name: shell.of_line(line) for name, line in lines.items()} or {WEB: BY_IMAGE}
    refuse_unknown(checks, commands)
    return tuple(
        ProcessType(
            name=ProcessName.parse(name),
            command=command,
            port=_declared_port(image) if name == WEB else None,
            check=checks.get(name, Check()),
        )
        for name, command in commands.items()
    )


def refuse_unknown(checks: Collection[str], processes: Collection[str]) -> None:
    """Refuse a check of a process that there is not.

    Raises:
        UsageError: there is one.
    """
    for name in sorted(set(checks) - set(processes)):
        raise UsageError(
            f"app.json has a check for the process {name!a:.80}, which there is not.",
            hint=f"Name one that there is ({', '.join(processes)}), or remove the check.",
        )


def of_release(release: Release, image: ImageInfo) -> Contents:
    """Return what a release was made of; a port that its config had decided is the image's."""
    return Contents(
        image=release.image,
        revision=release.revision,
        builder=release.builder,
        processes=tuple(
            process if process.port is None else replace(process, port=_declared_port(image))
            for process in release.processes
        ),
        release_task=release.release_task,
        build=release.build,
    )


def with_port(processes: tuple[ProcessType, ...], env: Environment) -> tuple[ProcessType, ...]:
    """Return the processes with the port that config decides for the one with the traffic.

    Raises:
        UsageError: `PORT` is set to something that is no port.
    """
    wanted = env.get("PORT")
    if wanted is None:
        return processes
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 0 < int(wanted) < 65536):
        raise UsageError(
            f"PORT is set to {wanted!a:.40}, which is no port.",
            hint="Set it to a number from 1 to 65535, or unset it to get a port chosen.",
        )
    return tuple(
        process if process.port is None else replace(process, port=int(wanted))
        for process in processes
    )


def _declared_port(image: ImageInfo) -> int:
    return image.exposed_ports[0] if len(image.exposed_ports) == 1 else DEFAULT_PORT
