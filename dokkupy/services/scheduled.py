"""The scheduled backups whose time has come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dokkupy.errors import DokkupyError
from dokkupy.services import backups
from dokkupy.services.asking import ask
from dokkupy.types import Line, Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.service import Service


def make(platform: Platform, wanted: Sequence[Service]) -> Stream[list[dict[str, Any]]]:
    """Back up those of some services whose time has come; return what was made.

    One that fails does not keep the others from being made.

    Raises:
        DokkupyError: some could not be backed up.
    """
    done: list[dict[str, Any]] = []
    failed: list[Service] = []
    for one in wanted:
        try:
            if backups.due(platform, one, time.time()):
                made = yield from ask(platform, one.noun, one.name, "backup-due", {})
                done += [made] if made else []  # another timer may have been first
        except DokkupyError as error:
            failed.append(one)
            yield Line(text=f"{one.title}: {error.message}", stream="warning")
    if failed:
        raise DokkupyError(
            f"These were not backed up: {', '.join(one.title for one in failed)}.",
            hint=f"dokkupy {failed[0].noun} backup {failed[0].name}",
        )
    return done
