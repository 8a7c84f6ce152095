"""The operations `build-env …`: variables for builds alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import NotFound, UsageError
from dokkupy.names import EnvKey, Scope
from dokkupy.operations.registry import KeyValue
from dokkupy_user_env_compile import variables
from dokkupy_user_env_compile.variables import Variable

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@operation(summary="Set variables for builds")
def set_(
    platform: Platform,
    scope: Scope,
    pairs: Annotated[list[KeyValue], Help("KEY=VALUE; nothing secret")],
) -> list[Variable]:
    """Set variables that the next builds see and the running app does not.

    They are no secret: a Dockerfile that declares `ARG KEY` gets them, and build arguments can
    be read from an image's history.
    """
    _known(platform, scope)
    if not pairs:
        raise UsageError("There is nothing to set.", hint="Give at least one KEY=VALUE.")
    variables.change(platform.store, scope, {pair.key: pair.value for pair in pairs})
    return variables.effective(platform.store, scope.app)


@operation(summary="Unset variables for builds")
def unset(platform: Platform, scope: Scope, keys: list[EnvKey]) -> list[Variable]:
    """Forget variables of this scope; the global value, then the default, counts again.

    A key that is not set is fine.
    """
    _known(platform, scope)
    variables.change(platform.store, scope, {}, keys)
    return variables.effective(platform.store, scope.app)


@operation(summary="Show one variable for builds", reads=True)
def get(platform: Platform, scope: Scope, key: EnvKey) -> str:
    """Show the value that builds get, byte for byte."""
    _known(platform, scope)
    for variable in variables.effective(platform.store, scope.app):
        if variable.key == key:
            return variable.value
    raise NotFound(
        f"Builds have no variable {key}.",
        hint=f"dokkupy build-env set {scope.app or '--global'} {key}=VALUE",
    )


@operation(summary="List the variables for builds", name="list", reads=True, default=True)
def list_(platform: Platform, scope: Scope) -> list[Variable]:
    """List what builds get and where each value comes from: the app, global, or a default."""
    _known(platform, scope)
    return variables.effective(platform.store, scope.app)


def _known(platform: Platform, scope: Scope) -> None:
    if scope.app is not None:
        platform.store.apps.get(scope.app)
