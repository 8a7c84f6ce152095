"""What deploy-notes adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.types import Property, PropertyGroup

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Build, Event, Failure, Instance, Release

PLUGIN_API = ">=1,<2"

FREEZE = "freeze:"
CLOSED = "closed:"


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
    """Send the note with every answer of the app, or a page with it in place of the app."""
    from dokkupy_deploy_notes import page

    note = _note(platform, app)
    if note.startswith(CLOSED):
        return page.directives(app, note.removeprefix(CLOSED).strip())
    return f'add_header X-Deploy-Note "{note}" always;' if note else None


@hookimpl
def on_event(platform: Platform, event: Event) -> None:
    """Remember which config keys changed, for the next deploy."""
    from dokkupy_deploy_notes import notes

    if event.verb == "config.changed" and event.app:
        keys = [*event.data.get("set", ()), *event.data.get("unset", ())]
        notes.remember_keys(platform.store, event.app, keys)


@hookimpl
def app_created(platform: Platform, app: AppName) -> None:
    """Begin the app's notes."""
    from dokkupy_deploy_notes import notes

    notes.keep(platform.store, app, "created", note=_note(platform, app))


@hookimpl
def app_destroying(platform: Platform, app: AppName) -> None:
    """Let nobody destroy an app while its note says so."""
    _refuse_frozen(platform, app, "must not be destroyed")


@hookimpl
def post_build(platform: Platform, build: Build) -> None:
    """Remember who built the image, for the deploy that follows."""
    from dokkupy_deploy_notes import notes

    notes.remember_builder(platform.store, build.app, build.builder)


@hookimpl
def pre_deploy(platform: Platform, release: Release) -> None:
    """Start no container of a release while the note says so."""
    _refuse_frozen(platform, release.app, "is not deployed")


@hookimpl
def check_deploy(platform: Platform, release: Release, instances: Sequence[Instance]) -> None:
    """Look again before the switch: somebody may have frozen the app meanwhile."""
    _refuse_frozen(platform, release.app, "is not deployed")


@hookimpl
def post_deploy(platform: Platform, release: Release) -> None:
    """Keep the note of a release that has the traffic."""
    from dokkupy_deploy_notes import notes

    note = _note(platform, release.app)
    notes.keep(platform.store, release.app, "deployed", note=note, release=release.number)


@hookimpl
def deploy_failed(platform: Platform, app: AppName, failure: Failure) -> None:
    """Keep why a deploy failed."""
    from dokkupy_deploy_notes import notes

    notes.keep(platform.store, app, "failed", note=_note(platform, app), cause=failure.cause)


def _note(platform: Platform, app: AppName) -> str:
    return str(platform.properties.get("deploy-notes", app, "note"))


def _refuse_frozen(platform: Platform, app: AppName, what: str) -> None:
    from dokkupy.errors import Refused

    note = _note(platform, app)
    if note.startswith(FREEZE):
        raise Refused(
            f"{app} is frozen and {what}: {note.removeprefix(FREEZE).strip()}.",
            hint=f"dokkupy deploy-notes set {app} note",
        )
