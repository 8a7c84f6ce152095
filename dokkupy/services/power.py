"""Services of a whole root, brought up after a reboot or a crash, and down again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dokkupy.errors import DokkupyError
from dokkupy.services import containers, life
from dokkupy.services import service as services

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report


def up(platform: Platform, report: Report) -> list[str]:
    """Start every service that should run and does not; return those that did not come up.

    One that was never finished is undone.
    """
    failed = []
    for one in services.every(platform):
        if not one.container:
            life.drop_unfinished(platform, report, one)
            continue
        if one.stopped or containers.state(platform, one) == "running":
            continue
        report.progress(f"Starting {one.title}")
        try:
            kind = platform.hooks.register_services(one.noun)
            life.start(platform, report, kind, one.name)
        except DokkupyError as error:
            failed.append(one.title)
            report.warning(f"{one.title} did not come up: {error.message}")
    return failed


def down(platform: Platform, report: Report) -> None:
    """Stop every service, so that each has written what it has to; `up` brings them back."""
    kinds = {kind.noun: kind for kind in platform.hooks.services()}
    for one in services.every(platform):
        report.progress(f"Stopping {one.title}")
        containers.stop(platform, kinds.get(one.noun), one)
