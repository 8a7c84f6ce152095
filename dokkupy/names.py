"""Names that people choose, parsed once at the border into types that are safe ever after."""

from __future__ import annotations

import re
from typing import Final, Self

from dokkupy.errors import UsageError

GLOBAL_WORD: Final = "@global"
"""How the scope of all apps is spelled where an app's name could stand; no app can have it."""


class Name(str):
    """A string that has passed its type's rule; build one with `parse`."""

    __slots__ = ()
    noun: str = "name"
    pattern: re.Pattern[str] = re.compile(r".+")
    rule: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` as this type of name.

        Raises:
            UsageError: `text` breaks the rule; the message quotes it escaped and states the rule.
        """
        normal = cls.normalise(text)
        if not cls.pattern.fullmatch(normal):
            shown = ascii(text if len(text) <= 80 else text[:77] + "...")
            raise UsageError(f"{shown} is not a valid {cls.noun}.", hint=f"Use {cls.rule}.")
        return cls(normal)

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return the one spelling of `text` that the rule is applied to; by default itself."""
        return text


class AppName(Name):
    """An app's name: also a DNS label, a directory and a part of an image reference."""

    __slots__ = ()
    noun = "app name"
    pattern = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
    rule = (
        "1 to 63 lower-case letters, digits and inner dashes, starting and ending with a letter "
        "or digit (RFC 1123 label)"
    )


class ProcessName(Name):
    """The left side of a Procfile line."""

    __slots__ = ()
    noun = "process name"
    pattern = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
    rule = "1 to 63 letters, digits, inner dashes and underscores"


class EnvKey(Name):
    """The name of an environment variable (POSIX 1003.1, section 8.1)."""

    __slots__ = ()
    noun = "environment key"
    pattern = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
    rule = "letters, digits and underscores, not starting with a digit"


class HostName(Name):
    """A DNS host name in its ASCII form, lower-case, `*.` allowed as the first label."""

    __slots__ = ()
    noun = "domain"
    pattern = re.compile(
        r"(?=.{1,253}\Z)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
        r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
    )
    rule = "a host name such as www.example.com or *.example.com (RFC 1123)"

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return `text` lower-case, without final dot, international labels in punycode."""
        host = text.lower().removesuffix(".")
        if host.isascii():
            return host
        star = "*." if host.startswith("*.") else ""
        try:
            return star + host.removeprefix("*.").encode("idna").decode("ascii")
        except UnicodeError:
            return host


class Scope(str):
    """Either one app or all of them (`Scope.parse("@global")`); falsy when it is global."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the scope that `text` names.

        Raises:
            UsageError: neither `@global` nor a valid app name.
        """
        return cls("") if text == GLOBAL_WORD else cls(AppName.parse(text))

    @property
    def app(self) -> AppName | None:
        """The app, or None for the global scope."""
        return AppName(self) if self else None
