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


def going_live(platform: Platform, release: Release) -> Change:
    """Make a release the live one, and its config the app's."""
    store, app = platform.store, release.app
    before = store.releases.live(app)
    config_before = store.config.get(app)

    def commit() -> None:
        if before is not None:
            store.releases.set_state(app, before.number, ReleaseState.SUPERSEDED)
        store.releases.set_state(app, release.number, ReleaseState.LIVE)
        _replace_config(platform, app, release.config)

    def revert() -> None:
        store.releases.set_state(app, release.number, ReleaseState.FAILED)
        if before is not None:
            store.releases.set_state(app, before.number, ReleaseState.LIVE)
        _replace_config(platform, app, config_before)

    return Change(commit=commit, revert=revert)


def _replace_config(platform: Platform, app: AppName, wanted: Environment) -> None:
    gone = [key for key in platform.store.config.get(app) if key not in wanted]
    platform.store.config.change(app, wanted, gone)


def stopping(platform: Platform, app: AppName, *, stopped: bool) -> Change:
    """Decide whether the app shall run."""
    apps = platform.store.apps
    return Change(
        commit=lambda: apps.set_stopped(app, stopped),
        revert=lambda: apps.set_stopped(app, not stopped),
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
