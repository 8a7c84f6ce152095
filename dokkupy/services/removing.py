"""The end of a service: its last backup, then nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dokkupy.services import backups, life

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.manifest import Manifest
    from dokkupy.services.name import ServiceName


def remove(
    platform: Platform, report: Report, kind: ServiceKind, name: ServiceName, *, backup: bool
) -> Manifest | None:
    """Remove a service with its data, of which a last backup stays if it is asked for.

    Raises:
        Conflict: an app is linked to it.
        DokkupyError: the backup cannot be made; nothing is removed.
    """
    with life.at_work(platform, report, kind.noun, name, "destroy", unfinished=True) as service:
        life.refuse_linked(platform, service)
        made = None
        if backup and kind.dumps and service.container:
            made = backups.final(platform, report, kind, service)
        report.progress(f"Removing {service.title}")
        life.destroy(platform, kind, service)
        return made
