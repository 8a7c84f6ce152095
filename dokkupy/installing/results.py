"""What the operations about installed plugins tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A plugin that was installed, or was there already."""

    name: str
    distribution: str
    version: str
    before: str
    """The version that was there before, empty for none; the same when nothing was done."""
    enabled: bool
    hooks: tuple[str, ...]
    commands: tuple[str, ...]

    def text(self) -> str:
        """Say it, and what can be typed now."""
        if self.before == self.version:
            head = f"{self.name} {self.version} is installed"
        else:
            instead = f" in place of {self.before}" if self.before else ""
            head = f"{self.name} {self.version} is installed{instead}"
        if not self.enabled:
            return f"{head}. It is disabled; let it take part: dokkupy plugin enable {self.name}"
        commands = ", ".join(f"`dokkupy {command}`" for command in self.commands)
        return f"{head} and takes part" + (f": {commands}" if commands else ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninstalled:
    """A plugin that is gone."""

    name: str
    distribution: str
    version: str
    purged: bool
    """Whether what it kept for apps is gone too."""

    def text(self) -> str:
        """Say it, and what stays."""
        head = f"{self.distribution} {self.version} is uninstalled"
        if self.purged:
            return f"{head}, and what it kept is gone."
        return f"{head}; what it kept for apps stays, and counts again once it is back."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one capability."""

    capability: str
    """Such as `plugin.every-hook-fits-its-specification`."""
    outcome: Literal["passed", "failed", "skipped"]
    reason: str
    """Why it failed or was skipped."""

    def text(self) -> str:
        """Return it as a person reads it, the reason on a line of its own."""
        line = f"{self.outcome:<8}{self.capability}"
        return f"{line}\n{'':8}{self.reason}" if self.reason else line
