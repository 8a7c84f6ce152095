"""Installing a plugin: resolve, stage, load, verify, install, enable, or leave all as it was.

Everything that can go wrong with the plugin itself does so in a folder of its own, laid over what
is installed by a fresh Python, before anything is touched. What is installed in the end is, byte
for byte, what was verified. Deploys wait for the moment of the swap; reading goes on.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dokkupy.errors import DokkupyError, PluginError
from dokkupy.installing import fresh, trial
from dokkupy.installing.candidate import Candidate, fetch, stage_needs
from dokkupy.installing.distribution import installed
from dokkupy.installing.environment import Environment
from dokkupy.installing.locking import pause_deploys
from dokkupy.installing.results import Installed
from dokkupy.installing.swap import Backup, uninterrupted
from dokkupy.installing.verifying import refuse_without_suite
from dokkupy.plugins import disabled_plugins
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.installing.reference import Reference
    from dokkupy.paths import Paths
    from dokkupy.types import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What was asked for, by whom, of which root."""

    paths: Paths
    actor: str
    wanted: Reference
    upgrade: bool
    unverified: bool

    def run(self) -> Stream[Installed]:
        """Install it; give a line for each step.

        Raises:
            Refused: it does not fit what is installed, or fails its contract; nothing was changed.
            PluginError: it could not be had or installed; everything is as it was.
        """
        wanted = self.wanted
        environment = Environment.here(self.paths.root, "plugin", "install", wanted.requirement)
        if not self.unverified:
            refuse_without_suite(otherwise=", or add --unverified")
        what = f"plugin install {wanted.requirement}"
        with environment.locked(what=what, actor=self.actor):
            yield from mended(environment)
            there = installed()
            known = there.get(wanted.requirement)
            if wanted.kind == "name" and known is not None and not self.upgrade:
                return self._told(wanted.plugin, before=known.version)
            with _workshop(environment) as folder:
                yield _step(f"Resolving {wanted.requirement} with {environment.installer.kind}")
                candidate = fetch(environment, wanted, there, folder)
                if wanted.kind == "name" and candidate.before == candidate.facts.version:
                    return self._told(candidate.plugin, before=candidate.before)
                candidate = stage_needs(environment, candidate, there, folder)
                yield from self._tried(candidate)
                yield from self._changed(environment, candidate, folder / "wheels")
                return self._told(candidate.plugin, before=candidate.before)

    def _tried(self, candidate: Candidate) -> Iterator[Line]:
        staged = ", ".join(one.title for one in candidate.coming)
        yield _step(f"Staged {staged}")
        hooks = trial.load(self.paths.root, candidate)
        yield _step(f"Loaded beside the others: {', '.join(hooks)}")
        if self.unverified:
            yield Line(text="Not verified, as you asked", stream="warning")
        else:
            passed = trial.verify(self.paths.root, candidate)
            yield _step(f"Verified: {passed} capabilities of the contract hold")

    def _changed(
        self, environment: Environment, candidate: Candidate, wheels: Path
    ) -> Iterator[Line]:
        with environment.user.acting():
            wheels.mkdir()
            candidate.pack(wheels)
        disabled = candidate.plugin in disabled_plugins(self.paths.root)
        on = not (disabled and candidate.before)
        with ExitStack() as held:
            what = f"plugin install {candidate.plugin}"
            yield from pause_deploys(held, self.paths, self.actor, what)
            backup = swapped(environment, candidate, wheels)
        yield _step(f"Installed {candidate.title}")
        try:
            self._settle(candidate, on=on)
        except BaseException as error:
            with environment.user.acting(), uninterrupted():
                backup.restore()
            self._serve_again()
            if isinstance(error, DokkupyError):
                raise _undone(error, candidate) from error
            raise
        with environment.user.acting():
            backup.discard()
        if on:
            yield _step(f"Enabled {candidate.plugin}")

    def _settle(self, candidate: Candidate, *, on: bool) -> None:
        """See the plugin load where it is now, and the proxy serve what it contributes."""
        plugin, root = candidate.plugin, self.paths.root
        state = trial.states(fresh.ask(root, "look", enabled=plugin)).get(plugin)
        if state is None or state["state"] != "enabled":
            why = state["reason"] if state else "its entry point is not found."
            raise PluginError(f"It does not load where it was installed: {why}")
        if self.paths.state_db.exists():
            data = {
                "plugin": plugin,
                "version": candidate.facts.version,
                "before": candidate.before,
            }
            fresh.switch(root, self.actor, plugin, on=on, event="plugin.installed", data=data)

    def _serve_again(self) -> None:
        """Serve what the plugins of before contribute; why they had to come back is the error."""
        if self.paths.state_db.exists():
            with suppress(DokkupyError):
                fresh.ask(self.paths.root, "serve", actor=self.actor)

    def _told(self, plugin: str, *, before: str) -> Installed:
        looked = fresh.ask(self.paths.root, "look")
        state = trial.states(looked)[plugin]
        return Installed(
            name=plugin,
            distribution=state["distribution"],
            version=state["version"],
            before=before,
            enabled=state["state"] == "enabled",
            hooks=tuple(state["hooks"]),
            commands=tuple(looked["commands"].get(plugin, ())),
        )


def swapped(environment: Environment, candidate: Candidate, wheels: Path) -> Backup:
    """Let the installer put the wheels in; return what was there before.

    Raises:
        PluginError: it failed; what was there is back.
    """
    installer, coming = environment.installer, candidate.coming
    with uninterrupted():
        with environment.user.acting():
            names = [one.name for one in coming]
            backup = Backup.keep(environment.prefix, environment.modules, names)
        try:
            command = installer.installing(wheels, [f"{one.name}=={one.version}" for one in coming])
            installer.run(command, offline=True)
        except BaseException as error:
            with environment.user.acting():
                backup.restore()
            if isinstance(error, DokkupyError):
                raise _undone(error, candidate) from error
            raise
    return backup


def mended(environment: Environment) -> Iterator[Line]:
    """Put back what a change that was cut short has left."""
    backup = Backup(environment.prefix, environment.modules)
    if backup.is_left:
        with environment.user.acting(), uninterrupted():
            backup.restore()
        yield Line(text="Undid a change of plugins that was cut short", stream="warning")


def _undone(error: DokkupyError, candidate: Candidate) -> DokkupyError:
    """Return the error with what is there now."""
    now = f"{candidate.before} is back" if candidate.before else "nothing of it is left"
    error.message = f"{candidate.title} was not installed, {now}: {error.message}"
    error.args = (error.message,)
    return error


def _step(text: str) -> Line:
    return Line(text=text, stream="progress")


@contextmanager
def _workshop(environment: Environment) -> Iterator[Path]:
    """Give a folder for what is fetched: the environment's owner writes, everybody may read."""
    with environment.user.acting():
        folder = Path(tempfile.mkdtemp(prefix="dokkupy-plugin-"))
        folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
