"""What the detached runner does to services: one verb each, given plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from dokkupy.errors import UsageError
from dokkupy.names import AppName
from dokkupy.report import Report
from dokkupy.services.links import Alias
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import Line

VERBS: Final[Mapping[str, str]] = {
    "backup": "dokkupy.services.backups:backup",
    "backup-due": "dokkupy.services.backups:scheduled",
    "clean": "dokkupy.services.life:clean",
    "clone": "dokkupy.services.moving:clone",
    "configure": "dokkupy.services.life:configure",
    "create": "dokkupy.services.life:create",
    "destroy": "dokkupy.services.removing:remove",
    "expose": "dokkupy.services.life:expose",
    "go-back": "dokkupy.services.upgrading:go_back",
    "limit": "dokkupy.services.life:limit",
    "link": "dokkupy.services.linking:link",
    "promote": "dokkupy.services.linking:promote",
    "restart": "dokkupy.services.life:restart",
    "restore": "dokkupy.services.backups:restore",
    "start": "dokkupy.services.life:start",
    "stop": "dokkupy.services.life:stop",
    "unlink": "dokkupy.services.linking:unlink",
    "upgrade": "dokkupy.services.upgrading:upgrade",
    "verify": "dokkupy.services.backups:verify",
}
"""Verb -> the function that does it: `f(platform, report, kind, name, **arguments)`."""


PARSERS: Final[Mapping[str, Callable[[str], str]]] = {
    "alias": Alias.parse,
    "app": AppName.parse,
    "new": ServiceName.parse,
}
"""What of the arguments is a name."""


def perform(
    platform: Platform,
    send: Callable[[Line], None],
    *,
    noun: str,
    service: str,
    verb: str,
    arguments: Mapping[str, Any],
) -> object:
    """Do one piece of work on a service and return what came of it.

    Raises:
        UsageError: there is no such work.
    """
    if verb not in VERBS:
        raise UsageError(f"There is nothing like {verb!a} to do to a service.")
    module, _, name = VERBS[verb].partition(":")
    work: Callable[..., object] = getattr(import_module(module), name)
    kind = platform.hooks.register_services(noun)
    given = dict(arguments)
    for key, parse in PARSERS.items():
        if given.get(key) is not None:
            given[key] = parse(given[key])
    done = work(platform, Report(send), kind, ServiceName.parse(service), **given)
    # A service has passwords, which have no place in the outcome of a job.
    return None if isinstance(done, Service) else done
