"""Which command the first words of a command line mean, and which ones come near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy.errors import DokkupyError, PluginError, UsageError

if TYPE_CHECKING:
    from dokkupy.index import Command, Index


@dataclass(frozen=True, slots=True)
class Found:
    """A command and the words after it."""

    command: Command
    rest: list[str]
    by_default: bool = False
    """Whether the noun alone was given, and the first of `rest` may have been meant as a verb."""


def uncoloned(words: Sequence[str]) -> list[str]:
    """Return the words with `apps:create` at the front as `apps`, `create`."""
    if not words:
        return []
    noun, colon, verb = words[0].partition(":")
    if not (noun and colon):
        return list(words)
    return [noun, *([verb] if verb else []), *words[1:]]


def find(index: Index, words: Sequence[str]) -> Found | None:
    """Return the command that the words begin with, or None."""
    words = uncoloned(words)
    if not words:
        return None
    lone = index.commands.get("", {}).get(words[0])
    if lone is not None:
        return Found(lone, words[1:])
    verbs = index.commands.get(words[0], {}) if words[0] else {}
    if len(words) > 1 and words[1] in verbs:
        return Found(verbs[words[1]], words[2:])
    if words[1:2] in (["--help"], ["-h"]):
        return None
    default = next((command for command in verbs.values() if command.default), None)
    return Found(default, words[1:], by_default=True) if default else None


def unknown(index: Index, words: Sequence[str]) -> DokkupyError:
    """Return the error for words that begin with no command, near ones suggested.

    The commands of a plugin that takes no part answer with its reason.
    """
    from difflib import get_close_matches

    words = uncoloned(words)
    out = [plugin for plugin in index.plugins if plugin.state != "enabled"]
    for plugin in out:
        if words[0] == plugin.name or words[0] in plugin.name.split("-"):
            return PluginError(
                f"The plugin {plugin.title} is {plugin.state}: {plugin.reason}",
                hint=plugin.remedy,
            )
    if words[0] and words[0] in index.commands:
        noun, choices = words[0], list(index.commands[words[0]])
        typed = words[1] if len(words) > 1 else ""
    else:
        noun, typed = "", words[0]
        choices = [*index.commands.get("", {}), *filter(None, index.commands)]
    shown = f"{noun} {typed}".strip()
    near = get_close_matches(typed, choices, n=2, cutoff=0.6)
    hint = "Did you mean: " + ", or ".join(
        f"dokkupy {noun} {word}".replace("  ", " ") for word in near
    )
    if not near:
        hint = f"See what there is: dokkupy {noun} --help".replace("  ", " ")
    if out and not near:
        hint += "; not every plugin takes part: dokkupy plugin list"
    return UsageError(f"There is no command {shown[:80]!a}.", hint=hint)
