"""What a rollout will place and remove, decided before anything is touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dokkupy.names import ProcessName
from dokkupy.types import Instance, ProcessType, Release, Scale

WEB: Final = ProcessName("web")
"""The process that gets the traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A container that shall come to be."""

    process: ProcessType
    ordinal: int
    scale: Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Containers to stage and containers to retire once the staged ones have the traffic."""

    release: Release
    stage: tuple[Slot, ...]
    retire: tuple[Instance, ...]


def scale_of(process: ProcessName, formation: Mapping[ProcessName, Scale]) -> Scale:
    """Return what was decided for a process; undecided ones run once (web) or not at all."""
    return formation.get(process) or Scale(quantity=1 if process == WEB else 0)


def everything(
    release: Release, formation: Mapping[ProcessName, Scale], live: Sequence[Instance]
) -> Plan:
    """Plan for a new release: every process anew, all that runs retired."""
    return Plan(
        release=release,
        stage=tuple(
            Slot(process=process, ordinal=ordinal, scale=scale)
            for process in release.processes
            for scale in [scale_of(process.name, formation)]
            # Files are there or not; twice they would answer nothing more.
            for ordinal in range(
                1, (min(scale.quantity, 1) if process.site else scale.quantity) + 1
            )
        ),
        retire=tuple(live),
    )


def difference(
    release: Release, formation: Mapping[ProcessName, Scale], live: Sequence[Instance]
) -> Plan:
    """Plan for a changed formation: what is missing is staged, what is too many retired."""
    wanted = everything(release, formation, ()).stage
    running = {(instance.process, instance.ordinal) for instance in live}
    slots = {(slot.process.name, slot.ordinal) for slot in wanted}
    return Plan(
        release=release,
        stage=tuple(s for s in wanted if (s.process.name, s.ordinal) not in running),
        retire=tuple(i for i in live if (i.process, i.ordinal) not in slots),
    )


def replacement(
    release: Release,
    formation: Mapping[ProcessName, Scale],
    live: Sequence[Instance],
    processes: Collection[ProcessName],
) -> Plan:
    """Plan for a restart: the named processes anew beside those that run."""
    return Plan(
        release=release,
        stage=tuple(
            slot
            for slot in everything(release, formation, ()).stage
            if slot.process.name in processes
        ),
        retire=tuple(instance for instance in live if instance.process in processes),
    )


def nothing(release: Release, live: Sequence[Instance]) -> Plan:
    """Plan for a stop: all that runs retired."""
    return Plan(release=release, stage=(), retire=tuple(live))
