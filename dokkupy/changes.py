"""What becomes true in the store together with a switch, and how each is taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy import plan
from dokkupy.types import Environment, Release, ReleaseState, Scale

if TYPE_CHECKING:
    from dokkupy.names import AppName, ProcessName
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two writes: `commit` inside the transaction of the switch, `revert` inside its undoing."""

    commit: Callable[[], None]
    revert: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEdit:
    """What an app's config was when its change was asked for, and what it shall be.

    Only the keys that differ are written: others may be set while the change is deployed.
    """

    before: Environment
    after: Environment

    def commit(self, platform: Platform, app: AppName) -> None:
        """Write what differs."""
        _write(platform, app, self.before, self.after)

    def revert(self, platform: Platform, app: AppName) -> None:
        """Write what differs as it was."""
        _write(platform, app, self.after, self.before)


def _write(platform: Platform, app: AppName, old: Environment, new: Environment) -> None:
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    platform.store.config.change(app, changed, [key for key in old if key not in new])


def going_live(platform: Platform, release: Release, edit: ConfigEdit | None) -> Change:
    """Make a release the live one, and with it what it changes of the config."""
    store, app = platform.store, release.app
    before = store.releases.live(app)

    def commit() -> None:
        if before is not None:
            store.releases.set_state(app, before.number, ReleaseState.SUPERSEDED)
        store.releases.set_state(app, release.number, ReleaseState.LIVE)
        if edit is not None:
            edit.commit(platform, app)

    def revert() -> None:
        store.releases.set_state(app, release.number, ReleaseState.FAILED)
        if before is not None:
            store.releases.set_state(app, before.number, ReleaseState.LIVE)
        if edit is not None:
            edit.revert(platform, app)

    return Change(commit=commit, revert=revert)


def stopping(platform: Platform, app: AppName, *, stopped: bool) -> Change:
    """Decide whether the app shall run."""
    apps = platform.store.apps
    before = apps.get(app).stopped
    return Change(
        commit=lambda: apps.set_stopped(app, stopped),
        revert=lambda: apps.set_stopped(app, before),
    )


def no_change() -> Change:
    """Change nothing but which containers run."""
    return Change(commit=lambda: None, revert=lambda: None)


def scaled(platform: Platform, app: AppName, after: Mapping[ProcessName, Scale]) -> Change:
    """Decide a formation."""
    before = platform.store.formation.get(app)
    return Change(
        commit=lambda: platform.store.formation.set(app, after),
        revert=lambda: platform.store.formation.set(
            app, {name: plan.scale_of(name, before) for name in after}
        ),
    )
