"""The operations of the core, asked as a command line asks them."""

from __future__ import annotations

import importlib
import io
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dokkupy.names import AppName
from dokkupy.operations.registry import (
    CORE_OPERATIONS,
    make_operation,
    operations_of,
    spec_of,
)
from dokkupy.testing import local_jobs
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.platform import Platform


class Asked:
    """The operations of the core, asked with text as a command line would, their jobs done here."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.told: list[Any] = []
        self.jobs: list[str] = []
        """The kinds of jobs that were started."""

    def __call__(
        self, title: str, *, stdin: bytes | None = None, **given: str | bool | Sequence[str] | None
    ) -> Any:
        """Do what `apps create` names and return its result, its lines kept in `told`."""
        noun, _, name = title.rpartition(" ")
        modules = [importlib.import_module(module) for module in CORE_OPERATIONS[noun]]
        functions = [f for module in modules for f in operations_of(module).values()]
        [function] = [f for f in functions if names(f, name)]
        operation = make_operation(noun, function)
        stream = None if stdin is None else io.BytesIO(stdin)
        result = operation.run(self.platform, operation.bind(given, stream))
        return self._drained(result) if isinstance(result, Generator) else result

    def _drained(self, stream: Generator[Line, None, object]) -> object:
        while True:
            try:
                self.told.append(next(stream))
            except StopIteration as end:
                return end.value

    def run_job(
        self, platform: Platform, kind: str, app: AppName | None, arguments: Mapping[str, object]
    ) -> Generator[Line, None, object]:
        """Do a job at once, and note its kind."""
        self.jobs.append(kind)
        return (yield from local_jobs.run(platform, kind, app, arguments))


def names(function: object, name: str) -> bool:
    """Say whether an operation has that name."""
    spec = spec_of(function)
    return spec is not None and spec.name == name
