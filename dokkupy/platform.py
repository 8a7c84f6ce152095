"""The object handed to hooks and operations: everything of one root, opened on first use."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dokkupy.errors import StateError
from dokkupy.paths import Paths
from dokkupy.store import Store

if TYPE_CHECKING:
    from dokkupy.engine import Engine, RegistryLogin
    from dokkupy.hooks import Hooks
    from dokkupy.names import AppName
    from dokkupy.properties import Properties
    from dokkupy.proxy import Proxy
    from dokkupy.scheduler import Scheduler
    from dokkupy.types import ContainerOptions


class Platform:
    """One root: its state, hooks, engine, scheduler and proxy.

    `actor` is who asks: a unix user, the name of an ssh key or of a token. `plugins` restricts
    which plugins are loaded; None means all that are installed and not disabled.
    """

    def __init__(
        self,
        root: Path,
        *,
        actor: str = "",
        engine: Engine | None = None,
        proxy: Proxy | None = None,
        plugins: Sequence[str] | None = None,
    ) -> None:
        self.paths = Paths(root)
        self.actor = actor or unix_user()
        self._engine = engine
        self._proxy = proxy
        self._plugins = plugins

    @cached_property
    def store(self) -> Store:
        """The state; committed events are given to `on_event` hooks."""
        store = Store(self.paths.state_db, actor=self.actor)
        store.database.after_commit(self._dispatch)
        return store

    @cached_property
    def hooks(self) -> Hooks:
        """The typed facade over the plugins' hooks."""
        from dokkupy.hooks import Hooks

        return Hooks(self, self._plugins)

    @cached_property
    def properties(self) -> Properties:
        """The settings that plugins declare."""
        from dokkupy.properties import Properties

        return Properties(self.store, self.hooks)

    @cached_property
    def engine(self) -> Engine:
        """The container engine of this host."""
        if self._engine is not None:
            return self._engine
        from dokkupy.engine_docker import DockerEngine

        def logins() -> list[RegistryLogin]:
            from dokkupy import registries

            return registries.read(self.paths)

        return DockerEngine(logins=logins)

    @cached_property
    def scheduler(self) -> Scheduler:
        """What places containers."""
        from dokkupy.scheduler_local import LocalScheduler
        from dokkupy.services import links

        def options(app: AppName, process: str) -> ContainerOptions:
            links.refuse_orphaned(self, app)
            return self.hooks.container_options(app=app, process=process)

        return LocalScheduler(self.engine, self.store, self.paths, options)

    @cached_property
    def proxy(self) -> Proxy:
        """The proxy that a plugin provides, or one that serves nothing."""
        if self._proxy is not None:
            return self._proxy
        from dokkupy.proxy import NoProxy

        return next(iter(self.hooks.register_proxies()), NoProxy())

    @property
    def root_id(self) -> str:
        """The word that marks everything of this root in the engine.

        Raises:
            StateError: the root is not initialised.
        """
        root_id = self.store.meta.get("root_id")
        if not root_id:
            import shlex

            raise StateError(
                f"{self.paths.root} is not initialised.",
                hint=f"dokkupy --root {shlex.quote(str(self.paths.root))} init",
            )
        return root_id

    def close(self) -> None:
        """Close what was opened."""
        if "store" in self.__dict__:
            self.store.close()

    def _dispatch(self) -> None:
        for event in self.store.events.fresh():
            self.hooks.on_event(event=event)


def unix_user() -> str:
    """Return the name of the user that runs this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
