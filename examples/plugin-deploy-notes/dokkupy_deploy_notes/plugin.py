"""What deploy-notes adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.types import Property, PropertyGroup

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Event, Instance, Release

PLUGIN_API = ">=1,<2"

FREEZE = "freeze:"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `deploy-notes`."""
    return {"deploy-notes": "dokkupy_deploy_notes.operations"}


@hookimpl
def register_properties() -> PropertyGroup:
    """Declare the note; `deploy-notes set` and `deploy-notes report` follow from this."""
    return PropertyGroup(
        noun="deploy-notes",
        properties=(
            Property(
                name="note",
                type=str,
                default="",
                # What may stand between double quotes in an nginx file, and in a header.
                pattern=r"[ !#%-\[\]-~]{0,100}",
                help="Sent as X-Deploy-Note and kept with each deploy",
                takes_effect="now",
            ),
        ),
    )


@hookimpl
def nginx_render(platform: Platform, app: AppName) -> str | None:
    """Send the note with every answer of the app."""
    note = platform.properties.get("deploy-notes", app, "note")
    return f'add_header X-Deploy-Note "{note}" always;' if note else None


@hookimpl
def on_event(platform: Platform, event: Event) -> None:
    """Remember which config keys changed, for the note of the next deploy."""
    from dokkupy_deploy_notes import notes

    if event.verb == "config.changed" and event.app:
        keys = [*event.data.get("set", ()), *event.data.get("unset", ())]
        notes.remember(platform.store, event.app, keys)


@hookimpl
def check_deploy(platform: Platform, release: Release, instances: Sequence[Instance]) -> None:
    """Let nothing pass while the note says so."""
    from dokkupy.errors import Refused

    note = platform.properties.get("deploy-notes", release.app, "note")
    if note.startswith(FREEZE):
        raise Refused(
            f"Deploys of {release.app} are frozen: {note.removeprefix(FREEZE).strip()}.",
            hint=f"dokkupy deploy-notes set {release.app} note",
        )


@hookimpl
def post_deploy(platform: Platform, release: Release) -> None:
    """Keep the note of a release that has the traffic."""
    from dokkupy_deploy_notes import notes

    note = platform.properties.get("deploy-notes", release.app, "note")
    notes.keep(platform.store, release.app, release.number, note)
