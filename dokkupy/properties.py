"""The settings that plugins declare: their values per app and for all apps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.errors import NotFound, UsageError
from dokkupy.operations.parameters import convert
from dokkupy.types import Property

if TYPE_CHECKING:
    from dokkupy.hooks import Hooks
    from dokkupy.store import Store

SUFFIX: Final = ":properties"
"""Follows the noun under which the store keeps the values, apart from the plugin's own ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyValue:
    """One setting as it is for an app, or for all apps."""

    key: str
    value: str
    """Empty when it is neither set nor has a default."""
    origin: str
    """`app`, `global` or `default`."""
    takes_effect: str
    help: str


class Properties:
    """Reads and changes settings; `scope` is an app's name, or empty for all apps.

    Every method raises `NotFound` for a noun or a key that no enabled plugin declares.
    """

    def __init__(self, store: Store, hooks: Hooks) -> None:
        self._store = store
        self._hooks = hooks
        self._declared: dict[str, Mapping[str, Property]] = {}

    def declared(self, noun: str) -> Mapping[str, Property]:
        """Return the settings under a noun by name."""
        if noun not in self._declared:
            group = self._hooks.register_properties(noun)
            self._declared[noun] = {item.name: item for item in group.properties}
        return self._declared[noun]

    def get(self, noun: str, app: str, key: str) -> Any:
        """Return the value for an app: its own, else the global one, else the default."""
        return self._resolved(noun, app, self._declaration(noun, key))

    def values(self, noun: str, app: str) -> dict[str, object]:
        """Return every value under a noun for an app, by key."""
        return {key: self._resolved(noun, app, item) for key, item in self.declared(noun).items()}

    def scopes(self, noun: str) -> set[str]:
        """Return the scopes in which any setting under a noun is set; few queries for many apps."""
        keys = self.declared(noun)
        documents = self._store.documents
        return {scope for key in keys for scope in documents.all(noun + SUFFIX, key)}

    def own(self, noun: str, scope: str, key: str) -> str | None:
        """Return the text that was set in exactly this scope, or None."""
        text: str | None = self._store.documents.get(scope, noun + SUFFIX, key)
        return text

    def set(self, noun: str, scope: str, key: str, text: str) -> None:
        """Set a value.

        Raises:
            UsageError: the text breaks the setting's rule, or it cannot be set in this scope.
            NotFound: the app does not exist.
        """
        item = self._declaration(noun, key)
        self._check_scope(noun, item, scope)
        check(item, text)
        with self._store.write():
            self._store.documents.set(scope, noun + SUFFIX, key, text)
            self._store.events.add("property.set", scope, {"noun": noun, "key": key})

    def refuse_from_afar(self, noun: str, key: str, text: str) -> None:
        """Hold a value that is set from afar against what its type allows there.

        Raises:
            Refused: only somebody on the server itself may set it.
            UsageError: the text breaks the setting's rule.
        """
        value = convert(self._declaration(noun, key).type, text, key)
        refuse = getattr(value, "refuse_from_afar", None)
        if refuse is not None:
            refuse()

    def unset(self, noun: str, scope: str, key: str) -> None:
        """Go back to the global value or the default; one that is not set is fine.

        Raises:
            NotFound: the app does not exist.
        """
        item = self._declaration(noun, key)
        self._check_scope(noun, item, scope)
        with self._store.write():
            self._store.documents.unset(scope, noun + SUFFIX, key)
            self._store.events.add("property.unset", scope, {"noun": noun, "key": key})

    def clone(self, app: str, new: str) -> None:
        """Carry the values that were set for an app over to its clone."""
        for noun in (*CORE_PROPERTIES, *self._hooks.index.properties):
            for item in self.declared(noun).values():
                text = self.own(noun, app, item.name)
                if text is not None and item.cloned:
                    self._store.documents.set(new, noun + SUFFIX, item.name, text)

    def report(self, noun: str, scope: str) -> list[PropertyValue]:
        """Return every setting under a noun as it is for this scope."""
        if scope:
            self._store.apps.get(scope)
        return [self._shown(noun, scope, item) for item in self.declared(noun).values()]

    def _declaration(self, noun: str, key: str) -> Property:
        items = self.declared(noun)
        if key not in items:
            raise NotFound(
                f"{noun} has no setting {key!a}.", hint=f"Use one of: {', '.join(sorted(items))}."
            )
        return items[key]

    def _check_scope(self, noun: str, item: Property, scope: str) -> None:
        if scope:
            self._store.apps.get(scope)
        if item.scopes == "global" and scope:
            raise UsageError(
                f"{noun} {item.name} is one setting for all apps.",
                hint=f"dokkupy {noun} set --global {item.name} VALUE",
            )
        if item.scopes == "app" and not scope:
            raise UsageError(
                f"{noun} {item.name} is set app by app.",
                hint=f"dokkupy {noun} set APP {item.name} VALUE",
            )

    def _found(self, noun: str, scope: str, key: str) -> tuple[str | None, str]:
        """Return the text that counts for a scope, and where it was set."""
        if scope:
            text = self.own(noun, scope, key)
            if text is not None:
                return text, "app"
        text = self.own(noun, "", key)
        return text, "default" if text is None else "global"

    def _resolved(self, noun: str, app: str, item: Property) -> Any:
        text, _ = self._found(noun, app, item.name)
        if text is not None:
            return convert(item.type, text, item.name)
        if isinstance(item.default, str):
            return convert(item.type, item.default, item.name)
        return item.default

    def _shown(self, noun: str, scope: str, item: Property) -> PropertyValue:
        text, origin = self._found(noun, scope, item.name)
        if text is None:
            text = "" if item.default is None else _spelled(item.default)
        return PropertyValue(
            key=item.name,
            value=text,
            origin=origin,
            takes_effect=item.takes_effect,
            help=item.help,
        )


def check(item: Property, text: str) -> None:
    """Hold a text against a setting's rule.

    Raises:
        UsageError: it breaks the rule; the message names it.
    """
    if item.choices and text not in item.choices:
        raise UsageError(
            f"{item.name} cannot be {text[:80]!a}.", hint=f"Use one of: {', '.join(item.choices)}."
        )
    if item.pattern and not re.fullmatch(item.pattern, text):
        raise UsageError(
            f"{item.name} cannot be {text[:80]!a}; it must match {item.pattern}.",
            hint=f"{item.help}.",
        )
    try:
        convert(item.type, text, item.name)
    except UsageError as error:
        error.hint = error.hint or f"{item.help}."
        raise


def _spelled(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
