"""The state of a root: one SQLite file, opened on first use, one object per kind of thing."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from dokkupy.store.addresses import Addresses
from dokkupy.store.apps import App, Apps
from dokkupy.store.builds import Builds
from dokkupy.store.config import Config
from dokkupy.store.database import Database
from dokkupy.store.documents import Documents
from dokkupy.store.events import Events
from dokkupy.store.formation import Formations
from dokkupy.store.instances import Instances
from dokkupy.store.keys import Keys, SshKey
from dokkupy.store.meta import Meta
from dokkupy.store.releases import Releases, Step
from dokkupy.store.rollouts import RefUpdate, Rollout, Rollouts, RolloutState
from dokkupy.store.routes import RoutedHosts

__all__ = [
    "App",
    "RefUpdate",
    "Rollout",
    "RolloutState",
    "SshKey",
    "Step",
    "Store",
]


class Store:
    """Everything dokkupy knows; `write()` makes one transaction of several changes."""

    def __init__(self, path: Path, *, actor: str = "") -> None:
        self.database = Database(path)
        self.meta = Meta(self.database)
        self.events = Events(self.database, actor)
        self.apps = Apps(self.database, self.events)
        self.config = Config(self.database, self.events)
        self.documents = Documents(self.database)
        self.releases = Releases(self.database, self.events)
        self.builds = Builds(self.database, self.events)
        self.formation = Formations(self.database, self.events)
        self.instances = Instances(self.database)
        self.addresses = Addresses(self.database, self.meta)
        self.rollouts = Rollouts(self.database)
        self.routes = RoutedHosts(self.database)
        self.keys = Keys(self.database, self.events)

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty state file unless there is one."""
        Database.create(path)

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Run a block in one immediate transaction; nested blocks join it."""
        return self.database.write()

    def close(self) -> None:
        """Close this thread's connection."""
        self.database.close()
