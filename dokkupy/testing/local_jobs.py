"""Jobs done at once in the test's own process, on the test's own fakes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from dokkupy import jobs, runner
from dokkupy.results import to_json

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Line, Stream


@contextmanager
def local_jobs() -> Iterator[None]:
    """Let operations do what they would leave to a detached runner.

    A job that nobody waits for, the guard of a detached command, is not done at all.
    """
    with patch.multiple(jobs, run=run, submit=lambda *_, **__: None):
        yield


def run(
    platform: Platform, kind: str, app: AppName | None, arguments: Mapping[str, object]
) -> Stream[Any]:
    """Stand in for `jobs.run`; what passes through JSON there does so here."""
    module, _, function = runner.WORK[kind].partition(":")
    lines: list[Line] = []
    given = {"app": app} if app else {}
    work = getattr(importlib.import_module(module), function)
    try:
        result = work(platform, lines.append, **given, **json.loads(json.dumps(arguments)))
    finally:
        yield from lines
    return json.loads(json.dumps(to_json(result)))
