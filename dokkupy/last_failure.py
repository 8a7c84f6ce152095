"""The failure of the last piece of work on an app, kept until one ends well."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy.errors import Conflict, DokkupyError, Locked, NotFound, Refused
from dokkupy.types import Failure

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.store import Store

_NOUN: Final = "pipeline"
_KEY: Final = "failure"
_NOT_THE_APPS: Final = (Conflict, Locked, NotFound, Refused)
"""Errors of a request that could not be carried out; nothing is wrong with the app."""
_LONGEST_LOG: Final = 16 * 1024
"""Characters of evidence that are kept, the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFailure:
    """What failed, when, and the verdict as it was shown."""

    what: str
    """`push of main`, `rollback` …"""
    at: float
    """Seconds since the epoch (UTC)."""
    failure: Failure


def keep(store: Store, app: AppName, what: str, error: DokkupyError) -> Failure:
    """Remember the failure that an error is, and return it."""
    failure = Failure(process="", cause=error.message, fix=error.hint, log=error.detail)
    if not isinstance(error, _NOT_THE_APPS):
        told = {"cause": failure.cause, "fix": failure.fix, "log": failure.log[-_LONGEST_LOG:]}
        with suppress(DokkupyError):  # the failure itself is what must be heard of
            store.documents.set(app, _NOUN, _KEY, {"what": what, "at": time.time(), **told})
    return failure


def forget(store: Store, app: AppName) -> None:
    """Forget it: a later piece of work has ended well."""
    with suppress(DokkupyError):  # it ended well, come what may
        if store.documents.get(app, _NOUN, _KEY) is not None:
            store.documents.unset(app, _NOUN, _KEY)


def last(store: Store, app: AppName) -> PastFailure | None:
    """Return it, if there is one."""
    kept = store.documents.get(app, _NOUN, _KEY)
    if kept is None:
        return None
    failure = Failure(process="", cause=kept["cause"], fix=kept["fix"], log=kept["log"])
    return PastFailure(what=kept["what"], at=kept["at"], failure=failure)
