"""Everything that one rendered configuration is made from, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dokkupy.types import Route
from dokkupy_core_nginx.addresses import Listen
from dokkupy_core_nginx.settings import DEFAULTS, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSite:
    """One app: where its requests go, its settings, and what plugins add."""

    route: Route
    settings: Settings = DEFAULTS
    snippets: Mapping[str, str] = field(default_factory=dict)
    """Plugin -> directives for the `server` block."""
    withheld: bool = False
    """True when nginx refuses its directives and has never accepted any."""

    def with_snippets(self, snippets: Mapping[str, str]) -> AppSite:
        """Return it with directives of plugins, each text ending with one newline."""
        return replace(
            self, snippets={name: text.rstrip() + "\n" for name, text in snippets.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """How the server's own processes run."""

    workers: int
    open_files: int
    """Descriptors that one worker may hold."""
    user: str = ""
    """User and group of the workers, empty to keep those of the master."""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A whole configuration."""

    generation: int
    listens: tuple[Listen, ...]
    secure_listens: tuple[Listen, ...] = ()
    """For https; empty while no app has a certificate."""
    home: Path = Path()
    """The folder of its files, from which they name others."""
    process: Process
    defaults: Settings
    """What holds for apps whose settings say nothing else."""
    apps: tuple[AppSite, ...] = ()
