"""The proxy: from routes to served traffic, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dokkupy.errors import DokkupyError
from dokkupy.proxy import ProxyStatus
from dokkupy.types import Endpoint, Route
from dokkupy_core_nginx import folder as own_folder
from dokkupy_core_nginx import kernel_sockets
from dokkupy_core_nginx.addresses import listens
from dokkupy_core_nginx.composing import compose
from dokkupy_core_nginx.draft import Draft
from dokkupy_core_nginx.generations import Facts, Generations
from dokkupy_core_nginx.master import Master
from dokkupy_core_nginx.server import Server
from dokkupy_core_nginx.site import Site
from dokkupy_core_nginx.validation import accept
from dokkupy_core_nginx.wishes import Wishes


class NginxProxy:
    """Serves routes through an nginx that belongs to one folder and to nobody else.

    `launcher` gives nginx the right to ports below 1024; it need not exist.
    """

    name = "nginx"

    def __init__(
        self, folder: Path, wishes: Callable[[], Wishes], *, launcher: Path | None = None
    ) -> None:
        self._folder = folder.resolve()
        self._wishes = wishes
        self._generations = Generations(self._folder)
        self._master = Master(self._folder, launcher)
        self._server = Server(self._folder, self._master, self._generations, launcher)

    def apply(self, routes: Sequence[Route], *, changed: str = "") -> int:
        own_folder.make(self._folder)
        with own_folder.alone(self._folder):
            wishes = self._wishes()
            before, number = self._generations.current, self._generations.begin()
            secure = any(route.certificate and route.hosts for route in routes)
            site = Site(
                generation=number,
                listens=listens(wishes.addresses, wishes.http_port),
                secure_listens=listens(wishes.addresses, wishes.https_port) if secure else (),
                home=self._generations.main_file(number).parent,
                process=own_folder.process_of(self._folder),
                defaults=wishes.defaults,
            )
            restart = self._server.must_restart((*site.listens, *site.secure_listens))
            try:
                self._write(site, routes, wishes, changed)
                self._server.serve(number, restart=restart)
            except DokkupyError:
                self._generations.keep_only({before})
                raise
            self._generations.keep_only({before, number})
            if own_folder.put_aside_logs(self._folder, {route.app for route in routes}):
                self._server.reopen_logs()
        return number

    def _write(self, site: Site, routes: Sequence[Route], wishes: Wishes, changed: str) -> None:
        """Write the files of a configuration that nginx accepts.

        Raises:
            ProxyRefused: nginx refuses it because of `changed`, or of no app in particular.
            DokkupyError: what a plugin raised when asked for the directives of `changed`.
        """
        served = self._generations.current
        not_served = self._generations.facts(served).withheld

        def good(app: str) -> Mapping[str, str] | None:
            parts = self._generations.parts_of(served, app)
            own = parts.pop("", None)
            return None if own is None or app in not_served else parts

        apps, warnings = compose(routes, wishes, changed=changed, good=good)
        draft = Draft(self._generations, self._master, site.generation)
        accepted = accept(replace(site, apps=apps), draft.test, changed=changed, good=good)
        warnings.update(accepted.refused)
        self._generations.remember(
            site.generation,
            Facts(
                listens=(*site.listens, *site.secure_listens),
                parts=draft.parts,
                withheld=tuple(app.route.app for app in accepted.site.apps if app.withheld),
                warnings=tuple(f"{app}: {why}" for app, why in sorted(warnings.items())),
            ),
        )

    def connections(self, endpoints: Sequence[Endpoint]) -> int:
        return kernel_sockets.established_to(endpoints)

    def status(self) -> ProxyStatus:
        wishes = self._wishes()
        current = self._generations.current
        return ProxyStatus(
            running=self._master.pid is not None,
            generation=current,
            http_port=wishes.http_port,
            https_port=wishes.https_port,
            detail="\n".join(self._generations.facts(current).warnings),
        )

    def stop(self) -> None:
        own_folder.make(self._folder)
        with own_folder.alone(self._folder):
            self._master.stop()
