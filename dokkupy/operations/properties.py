"""`NOUN set` and `NOUN report`, for every noun under which a plugin declares settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.errors import DokkupyError, ProxyRefused
from dokkupy.names import Scope
from dokkupy.operations.registry import Help, operation
from dokkupy.properties import PropertyValue
from dokkupy.remote import is_far

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedProperty:
    """A setting after its change."""

    noun: str
    scope: str
    """The app, or empty for all apps."""
    key: str
    value: str
    origin: str
    takes_effect: str

    def text(self) -> str:
        """Return what a person reads."""
        of = f"of {self.scope}" if self.scope else "of all apps"
        value = f"is {self.value} ({self.origin})" if self.value else "is not set"
        when = "" if self.takes_effect == "now" else "; it counts from the next deploy on"
        return f"{self.noun} {self.key} {of} {value}{when}."


@operation(summary="Change a setting, or unset it when no value is given", name="set")
def set_(
    platform: Platform,
    noun: str,
    scope: Annotated[Scope, Help("The app, or --global for all apps that have no value")],
    key: Annotated[str, Help("The setting, as `report` names it")],
    value: Annotated[str | None, Help("Its new value; without one it is unset")] = None,
) -> ChangedProperty:
    """Change one setting for an app or for all apps.

    A setting that the proxy uses takes effect at once; when the proxy refuses it, the value of
    before is put back and keeps serving.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    properties = platform.properties
    before = properties.own(noun, scope, key)
    _write(platform, noun, scope, key, value)
    shown = next(item for item in properties.report(noun, scope) if item.key == key)
    if shown.takes_effect == "now":
        _take_effect(platform, noun, scope, key, before)
    return ChangedProperty(
        noun=noun,
        scope=scope,
        key=key,
        value=shown.value,
        origin=shown.origin,
        takes_effect=shown.takes_effect,
    )


def _take_effect(platform: Platform, noun: str, scope: str, key: str, before: str | None) -> None:
    """Let the proxy use a setting, or put back the value of before.

    One for all apps is no change of a single one, so the proxy serves each app that it would
    break as before and says so: what it has to say that it had not before refuses the change.

    Raises:
        ProxyRefused: the proxy does not accept it.
    """
    from dokkupy.pipeline import apply_routes

    known = set() if scope else _complaints(platform)
    try:
        apply_routes(platform, changed=scope)
    except DokkupyError:
        _write(platform, noun, scope, key, before)
        raise
    fresh = set() if scope else _complaints(platform) - known
    if fresh:
        _write(platform, noun, scope, key, before)
        apply_routes(platform)
        raise ProxyRefused(
            f"{noun} {key} cannot be that for all apps.",
            detail="\n".join(sorted(fresh)),
            hint=f"Choose another value, or set it for an app: dokkupy {noun} set APP {key} VALUE",
        )


def _complaints(platform: Platform) -> set[str]:
    return set(platform.proxy.status().detail.splitlines())


def _write(platform: Platform, noun: str, scope: str, key: str, value: str | None) -> None:
    if value is None:
        platform.properties.unset(noun, scope, key)
    else:
        if is_far():
            platform.properties.refuse_from_afar(noun, key, value)
        platform.properties.set(noun, scope, key, value)


@operation(summary="Show the settings and where each value comes from", reads=True)
def report(
    platform: Platform,
    noun: str,
    scope: Annotated[Scope, Help("The app, or --global for all apps")],
) -> list[PropertyValue]:
    """List every setting with its value and whether that is the app's own, global or default."""
    return platform.properties.report(noun, scope)
