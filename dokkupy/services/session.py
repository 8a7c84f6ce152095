"""Commands inside the container of a running service."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from dokkupy.errors import EngineError
from dokkupy.services.access import Access

if TYPE_CHECKING:
    from dokkupy.engine import Engine, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One running container of a service, and how to get into the server."""

    engine: Engine
    container: str
    access: Access

    def pipe(
        self,
        command: Sequence[str],
        *,
        source: IO[bytes] | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> Finished:
        """Run a command between two streams, whatever its exit code comes to."""
        return self.engine.pipe(self.container, command, source=source, sink=sink)

    def run(self, command: Sequence[str], stdin: str = "") -> str:
        """Run a command to its end and return what it wrote.

        Raises:
            EngineError: it ended with another exit code than 0.
        """
        found = bytearray()
        done = self.pipe(command, source=io.BytesIO(stdin.encode()), sink=found.extend)
        if done.code != 0:
            raise EngineError(
                f"`{command[0]}` in the service's container ended with exit code {done.code}.",
                detail=done.error,
            )
        return found.decode("utf-8", "replace")

    def restart(self, grace: float) -> None:
        """Stop the container and start it again, for a server that reads its data then."""
        self.engine.stop(self.container, grace)
        self.engine.start(self.container)
