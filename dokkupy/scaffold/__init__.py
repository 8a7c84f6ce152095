"""New plugins, written from templates: what they may be called, and what was written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dokkupy.names import Name


class PluginName(Name):
    """A plugin's name: also a part of a distribution's, and a module's with underscores."""

    __slots__ = ()
    noun = "plugin name"
    pattern = re.compile(r"(?=.{1,40}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
    rule = "1 to 40 lower-case letters and digits, in words joined by single dashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlugin:
    """A project that was written."""

    name: str
    kind: str
    folder: str
    files: tuple[str, ...]
    """Paths below the folder, sorted."""

    def text(self) -> str:
        """Say where it is, and what to do next."""
        lines = [f"Wrote the {self.kind} plugin {self.name}, {len(self.files)} files:"]
        lines += [f"  {self.folder}/{file}" for file in self.files]
        lines += [
            "Try it:",
            f"  cd {self.folder} && tox",
            f"  dokkupy plugin install {self.folder}",
        ]
        return "\n".join(lines)
