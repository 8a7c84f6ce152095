"""The scheduler of one host: containers on its engine, and sites as folders without any."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from typing import IO, TYPE_CHECKING, NoReturn

from dokkupy.engine import ContainerSpec, Engine
from dokkupy.errors import BuildFailed, NotFound, Refused
from dokkupy.names import AppName
from dokkupy.scheduler import OneOff, Placed, PlacedOneOff, PlacedStatus, Placement
from dokkupy.scheduler_docker import DockerScheduler, Options, no_options
from dokkupy.sites.folders import PREFIX, SiteFolders
from dokkupy.sites.settings import FOLDER
from dokkupy.store import Store
from dokkupy.types import Release

if TYPE_CHECKING:
    from dokkupy.paths import Paths


_SILENT = b"A static site prints nothing; its requests are in the access log of the proxy."


class LocalScheduler(DockerScheduler):
    """Places what a site consists of in a folder, and everything else on the engine."""

    name = "local"

    def __init__(
        self, engine: Engine, store: Store, paths: Paths, options: Options = no_options
    ) -> None:
        super().__init__(engine, store, options)
        self._sites = SiteFolders(paths.sites)
        self._run = paths.run

    def stage(self, placement: Placement) -> Placed:
        """Lay out a site beside whatever serves, or start a container."""
        self._sites.sweep()
        if placement.process.site is None:
            return super().stage(placement)
        release = placement.release
        spec = ContainerSpec(
            name=f"dokkupy-{self._root_id}-{release.app}-site-{placement.instance}",
            image=release.image,
            command=(FOLDER,),  # it is never started
            labels=self._labels(release, purpose="site"),
        )
        container = self._create(spec)
        try:
            with tempfile.TemporaryFile(dir=self._run) as archive:
                self._take(container, archive)
                archive.seek(0)
                reference = self._sites.lay_out(
                    release.app, release.number, archive, FOLDER.strip("/")
                )
        finally:
            self._engine.remove(container)
        return Placed(reference=reference, endpoint=None)

    def _take(self, container: str, archive: IO[bytes]) -> None:
        try:
            self._engine.archive(container, FOLDER, archive)
        except NotFound as error:
            raise BuildFailed(
                f"The image says that it is a site, and has no folder {FOLDER}.",
                hint=f"Let its last stage copy the files there: COPY --from=build /public {FOLDER}",
                detail=error.message,
            ) from error

    def status(self, reference: str, *, look_inside: bool = False) -> PlacedStatus:
        """Say how a container does, or whether a site is there."""
        if not _is_site(reference):
            return super().status(reference, look_inside=look_inside)
        placed_at = self._sites.placed_at(reference)
        state = PlacedStatus(state="running", started_at=placed_at, restarts=True)
        return state if placed_at else PlacedStatus(state="gone")

    def wait_ended(self, references: Sequence[str], timeout: float) -> str | None:
        """Return the first that is not running any more, or is no whole site."""
        for reference in filter(_is_site, references):
            if not self._sites.placed_at(reference):
                return reference
        containers = [one for one in references if not _is_site(one)]
        if containers:
            return super().wait_ended(containers, timeout)
        time.sleep(max(0.0, timeout))  # files end by nothing that one could wait for
        return None

    def promote(self, reference: str) -> None:
        """Let a container be restarted when it ends; a site needs nothing."""
        if not _is_site(reference):
            super().promote(reference)

    def resume(self, reference: str) -> bool:
        """Start a promoted container that is not running; say whether a site is whole."""
        if _is_site(reference):
            return self._sites.is_whole(reference)
        return super().resume(reference)

    def pause(self, reference: str, grace: float) -> None:
        """Stop a container so that `resume` can start it again; a site rests by itself."""
        if not _is_site(reference):
            super().pause(reference, grace)

    def retire(self, reference: str, grace: float) -> None:
        """Remove a container, or a site: at once without a grace, else when nobody reads it."""
        if not _is_site(reference):
            super().retire(reference, grace)
        elif grace > 0:
            self._sites.retire(reference)
        else:
            self._sites.remove(reference)

    def logs(
        self,
        reference: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float = 0.0,
    ) -> Iterator[bytes]:
        """Yield the container's output in lines without the newline; a site says it has none."""
        if _is_site(reference):
            return iter((_SILENT,))
        return super().logs(reference, follow=follow, tail=tail, since=since)

    def run(self, one_off: OneOff) -> Iterator[bytes]:
        """Run a command to its end, yielding its output.

        Raises:
            DeployFailed: it ended with another exit code than 0.
            Refused: the release is a site.
        """
        _refuse_site(one_off.release)
        return super().run(one_off)

    def attach(self, one_off: OneOff) -> int:
        """Run a command on this process's terminal or pipes; return its exit code.

        Raises:
            Refused: the release is a site.
        """
        _refuse_site(one_off.release)
        return super().attach(one_off)

    def detach(self, one_off: OneOff) -> PlacedOneOff:
        """Start a command that nobody waits for; what it prints is kept until it is retired.

        Raises:
            Refused: the release is a site.
        """
        _refuse_site(one_off.release)
        return super().detach(one_off)

    def enter(self, reference: str, command: Sequence[str], *, tty: bool) -> int:
        """Run a command inside a running container on this process's terminal.

        Raises:
            Refused: it is a site.
        """
        if _is_site(reference):
            _refuse("the app")
        return super().enter(reference, command, tty=tty)

    def orphans(self, app: AppName, known: Collection[str]) -> list[str]:
        """Return references of the app's containers and sites that are not among `known`."""
        claimed = {*known, *self._of_others(app)}
        sites = [one for one in self._sites.references(app, retired=False) if one not in claimed]
        return [*super().orphans(app, [one for one in known if not _is_site(one)]), *sites]

    def destroy(self, app: AppName) -> None:
        """Remove every container, site and image of an app."""
        claimed = self._of_others(app)
        mine = {one.reference for one in self._store.instances.list(app)}
        for reference in mine | {*self._sites.references(app, retired=True)}:
            if _is_site(reference) and reference not in claimed:
                self._sites.remove(reference)
        super().destroy(app)


def _is_site(reference: str) -> bool:
    return reference.startswith(PREFIX)


def _refuse_site(release: Release) -> None:
    if any(process.site is not None for process in release.processes):
        _refuse(str(release.app))


def _refuse(what: str) -> NoReturn:
    raise Refused(
        f"Nothing runs in {what}: it is a static site, files that the proxy serves.",
        hint="Look at what it serves with a browser, or at its source.",
    )
