"""The command line run within the test's own process."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from dokkupy.testing.local_jobs import local_jobs

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CliResult:
    """What a command came to."""

    exit_code: int
    text: str
    """What it wrote to stdout."""
    stderr: str
    result: Any = None
    """What the operation returned; a list of them when its results came one by one."""
    events: tuple[Event, ...] = ()
    """What was written to the audit log meanwhile."""

    @property
    def json(self) -> Any:
        """What it wrote to stdout, read as JSON."""
        return json.loads(self.text)

    @property
    def error(self) -> dict[str, Any]:
        """The error that it ended with, as `--json` shows it; empty when there is none."""
        last = self.stderr.rstrip("\n").rpartition("\n")[2]
        found: dict[str, Any] = json.loads(last)["error"] if last.startswith('{"error"') else {}
        return found


@dataclass(slots=True)
class _Caught:
    """What passes on its way to the terminal."""

    results: list[Any] = field(default_factory=list)
    one_by_one: bool = False

    @property
    def result(self) -> Any:
        if self.one_by_one:
            return self.results
        return self.results[-1] if self.results else None


class Cli:
    """Runs commands on one platform: `cli("apps", "create", "x")`.

    Everything is as `main` does it, but for the platform, which is the test's with its engine and
    its proxy, and for work that a detached runner would do, which is done here.
    """

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.root = platform.paths.root

    def __call__(self, *words: str, stdin: bytes = b"") -> CliResult:
        """Run a command as `main` would, with `stdin` as its input and no terminal."""
        from dokkupy.cli.main import run

        before = self.platform.store.events.newest()
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        typed = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        with ExitStack() as stack:
            caught = stack.enter_context(_catching())
            stack.enter_context(local_jobs())
            stack.enter_context(self._shared())
            stack.enter_context(patch.multiple(sys, stdin=typed, stdout=out, stderr=err))
            code = run(["--root", str(self.root), *words])
        return CliResult(
            exit_code=code,
            text=_written(out),
            stderr=_written(err),
            result=caught.result,
            events=tuple(self.platform.store.events.list(after=before, limit=10_000)),
        )

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """Let the command find the test's platform, which stays open after it."""
        platform = self.platform
        platform.hooks.warnings.clear()
        with (
            patch("dokkupy.platform.Platform", lambda *_, **__: platform),
            patch.object(platform, "close", lambda: None),
        ):
            yield


@contextmanager
def _catching() -> Iterator[_Caught]:
    from dokkupy.cli import output

    caught = _Caught()
    show_result, show_item = output.show_result, output.show_item

    def result(value: object, **given: Any) -> None:
        caught.results.append(value)
        show_result(value, **given)

    def item(value: object, **given: Any) -> None:
        caught.one_by_one = True
        caught.results.append(value)
        show_item(value, **given)

    with patch.multiple(output, show_result=result, show_item=item):
        yield caught


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
