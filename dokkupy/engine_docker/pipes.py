"""Commands in containers between a stream that feeds them and one that takes what they say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Final

from dokkupy.engine import Finished
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.wire import Frames, Stream, open_stream
from dokkupy.errors import DokkupyError

_PIECE: Final = 65536
_LONGEST_ERROR: Final = 8192
"""Bytes of stderr that are kept, its end."""


def pipe(
    client: Client,
    container: str,
    command: Sequence[str],
    *,
    source: IO[bytes] | None,
    sink: Callable[[bytes], object] | None,
) -> Finished:
    """Run a command in a running container; nothing is held but the piece under way."""
    wanted = {
        "Cmd": list(command),
        "AttachStdin": source is not None,
        "AttachStdout": True,
        "AttachStderr": True,
    }
    created = client.post(f"/containers/{container}/exec", wanted)
    path = f"/exec/{created['Id']}"
    body = {"Detach": False, "Tty": False}
    with open_stream(client.socket, "POST", f"{path}/start", body=body, hijack=True) as stream:
        feeder = feed(stream, source) if source is not None else None
        error = _drain(stream, sink)
        # Looked at while the stream is open: what cannot be sent after that is no failure.
        if feeder is not None and feeder.failure is not None:
            raise feeder.failure
    code = int(client.get(f"{path}/json")["ExitCode"])
    return Finished(code=code, error=error.decode("utf-8", "replace").strip())


class Feeder(threading.Thread):
    """Sends a stream on; its own thread, so that the command may talk while it listens."""

    def __init__(self, stream: Stream, source: IO[bytes]) -> None:
        super().__init__(name="feed", daemon=True)
        self._stream = stream
        self._source = source
        self.failure: OSError | DokkupyError | None = None

    def run(self) -> None:
        """Send all of it, unless the command ends before."""
        try:
            while piece := self._source.read(_PIECE):
                self._stream.connection.sendall(piece)
        except ConnectionError:
            # It reads no more: what it says, and its exit code, tell why.
            return
        except (OSError, DokkupyError) as error:
            # Half of it must not look like all of it: the command does not see an end.
            self.failure = error
            with suppress(OSError):
                self._stream.connection.shutdown(socket.SHUT_RDWR)
            return
        self._stream.close_input()


def feed(stream: Stream, source: IO[bytes]) -> Feeder:
    """Begin to send all of `source` to the process at the other end."""
    feeder = Feeder(stream, source)
    feeder.start()
    return feeder


def _drain(stream: Stream, sink: Callable[[bytes], object] | None) -> bytes:
    """Give stdout to the sink until the end; return the end of stderr."""
    frames, error = Frames(), b""
    for arrived in iter(stream.read, b""):
        for output, payload in frames.feed(arrived):
            if output == 2:
                error = (error + payload)[-_LONGEST_ERROR:]
            elif sink is not None:
                sink(payload)
    return error
