"""How the layers of the environment become one, and which layer a value came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dokkupy.types import Environment, EnvLayer, Phase, Rank

if TYPE_CHECKING:
    from dokkupy.hooks import Hooks
    from dokkupy.names import AppName
    from dokkupy.store import Store


def layers(
    store: Store,
    hooks: Hooks,
    app: AppName,
    phase: Phase,
    *,
    app_config: Environment | None = None,
) -> list[EnvLayer]:
    """Return every layer for `app` in `phase`, the weakest first.

    `app_config` stands in for the app's stored config while a change of it is being deployed.
    """
    own = store.config.get(app) if app_config is None else app_config
    found = [
        EnvLayer(rank=Rank.PLATFORM, origin="dokkupy", values=identity(app)),
        EnvLayer(rank=Rank.GLOBAL, origin="global config", values=store.config.get("")),
        EnvLayer(rank=Rank.APP, origin="config", values=own),
        *hooks.env_compile(app=app, phase=phase),
    ]
    return sorted(found, key=lambda layer: layer.rank)


def identity(app: AppName, chosen: Environment | None = None) -> Environment:
    """Return the variables by which an app knows itself, without those that `chosen` has."""
    own = {"DOKKUPY_APP": str(app)}
    return Environment({key: value for key, value in own.items() if key not in (chosen or ())})


def merge(ordered: Iterable[EnvLayer]) -> Environment:
    """Return one environment in which the strongest layer wins."""
    merged = Environment()
    for layer in ordered:
        merged.update(layer.values)
    return merged


def chain(ordered: Sequence[EnvLayer], key: str) -> list[EnvLayer]:
    """Return the layers that have `key`, the winning one first."""
    return [layer for layer in reversed(ordered) if key in layer.values]
