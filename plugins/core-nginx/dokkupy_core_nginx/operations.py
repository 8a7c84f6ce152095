"""The operations of the noun `nginx`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import NotFound
from dokkupy.names import AppName, Scope
from dokkupy.types import Line, Stream

if TYPE_CHECKING:
    from dokkupy import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxStatus:
    """How the proxy of this root does."""

    running: bool
    pid: int
    """Of the master process; 0 when it does not run."""
    generation: int
    """Of the configuration that is served."""
    http_port: int
    https_port: int
    workers: int
    """That take connections; those which only finish their requests are not counted."""
    warnings: list[str]
    """What was left out of the configuration and why, app by app."""

    def text(self) -> str:
        """Return what a person reads."""
        if not self.running:
            return "nginx does not run. Start it with everything else: dokkupy up"
        head = (
            f"nginx runs (process {self.pid}, {self.workers} workers) on port {self.http_port} "
            f"with configuration {self.generation}."
        )
        return "\n".join([head, *(f"Refused: {warning}" for warning in self.warnings)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownConfig:
    """The configuration by which an app is served now."""

    app: str
    generation: int
    config: str

    def text(self) -> str:
        """Return what a person reads."""
        return self.config.rstrip("\n")


@operation(summary="Show how the proxy does", reads=True, default=True)
def status(platform: Platform) -> NginxStatus:
    """Show the process, the port, the configuration that is served, and what nginx refused."""
    from dokkupy_core_nginx import processes
    from dokkupy_core_nginx.master import Master

    found = platform.proxy.status()
    pid = Master(platform.paths.proxy.resolve()).pid or 0
    return NginxStatus(
        running=found.running,
        pid=pid,
        generation=found.generation,
        http_port=found.http_port,
        https_port=found.https_port,
        workers=len(processes.workers_of(pid)) if pid else 0,
        warnings=found.detail.splitlines(),
    )


@operation(summary="Render every app anew and reload")
def reload(platform: Platform) -> NginxStatus:
    """Apply the routes and settings of all apps, starting nginx when it does not run.

    Requests in flight finish; nothing is lost.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    from dokkupy import routes

    routes.apply(platform)
    return status(platform)


@operation(summary="Show the configuration by which an app is served", reads=True)
def show_config(platform: Platform, app: AppName) -> ShownConfig:
    """Show the app's file of the configuration that is served, and what plugins add to it."""
    from dokkupy_core_nginx.generations import Generations

    platform.store.apps.get(app)
    generations = Generations(platform.paths.proxy.resolve())
    parts = generations.parts_of(generations.current, app)
    if not parts:
        raise NotFound(f"nginx has no configuration for {app} yet.", hint="dokkupy nginx reload")
    config = "\n".join(
        f"# what the plugin {plugin} adds:\n{text}" if plugin else text
        for plugin, text in parts.items()
    )
    return ShownConfig(app=app, generation=generations.current, config=config)


@operation(summary="Show the requests that were answered for an app", reads=True)
def access_logs(
    platform: Platform,
    app: AppName,
    *,
    num: Annotated[int, Help("How many of the last lines")] = 100,
    follow: Annotated[bool, Help("Go on with new lines until interrupted")] = False,
) -> Stream[None]:
    """Show the app's access log, which is written when its setting `access-log` is on."""
    from dokkupy_core_nginx import logs
    from dokkupy_core_nginx.render import ACCESS_LOGS
    from dokkupy_core_nginx.settings import NOUN

    platform.store.apps.get(app)
    log = platform.paths.proxy / ACCESS_LOGS / f"{app}.log"
    if not log.exists() and platform.properties.get(NOUN, app, "access-log") == "off":
        raise NotFound(
            f"No access log is written for {app}.",
            hint=f"dokkupy nginx set {app} access-log on",
        )
    for line in logs.lines(log, num, follow=follow):
        yield Line(text=line)


@operation(summary="Show what went wrong between the proxy and an app", reads=True)
def error_logs(
    platform: Platform,
    scope: Annotated[Scope, Help("The app, or --global for everything")],
    *,
    num: Annotated[int, Help("How many of the last lines")] = 100,
    follow: Annotated[bool, Help("Go on with new lines until interrupted")] = False,
) -> Stream[None]:
    """Show nginx's error log, or the lines in it that are about an app's hosts."""
    from dokkupy_core_nginx import logs
    from dokkupy_core_nginx.render import ERROR_LOG

    log = platform.paths.proxy / ERROR_LOG
    if scope:
        platform.store.apps.get(scope)
        keep = logs.about(platform.store.routes.all().get(scope, ()))
    else:
        keep = bool
    for line in logs.lines(log, num, follow=follow, keep=keep):
        yield Line(text=line)
