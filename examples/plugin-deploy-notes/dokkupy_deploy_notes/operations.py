"""The operation `deploy-notes list`; `set` and `report` come with the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dokkupy import operation
from dokkupy.names import AppName
from dokkupy_deploy_notes import notes
from dokkupy_deploy_notes.notes import Note

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@operation(
    summary="List the notes on an app",
    name="list",
    reads=True,
    empty="No notes yet.",
)
def list_(platform: Platform, app: AppName) -> list[Note]:
    """List the last 20 notes, newest first, with the config keys that changed before each."""
    platform.store.apps.get(app)
    return notes.kept(platform.store, app)
