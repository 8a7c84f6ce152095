"""This process's stdin, stdout and stderr joined to those of a process in a container."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from dokkupy.engine_docker.wire import Frames, Stream

STDIN: Final = 0
STDOUT: Final = 1
_CHUNK: Final = 65536
_WAKE: Final = 1

Resize = Callable[[int, int], None]
"""Tell the far terminal its rows and columns."""


def converse(stream: Stream, *, interactive: bool, far_tty: bool, resize: Resize) -> None:
    """Carry bytes both ways until the far process closes its output.

    `interactive` sends stdin on, and its end; with a terminal at both ends the near one is raw
    meanwhile, so that every key, Ctrl-C too, is the far process's.

    Raises:
        BrokenPipeError: nobody is there any more to read what the far process prints.
        SystemExit: this process was told to end, by SIGTERM or SIGHUP.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    near_tty = interactive and os.isatty(STDIN)
    with (
        _ending_when_told(),
        _raw(STDIN, wanted=near_tty and far_tty),
        _following_size(far_tty, resize) as wake,
    ):
        _Conversation(stream, wake, interactive=interactive, far_tty=far_tty).carry()


class _Conversation:
    """The loop between the two ends; never blocks on one while the other has something."""

    def __init__(self, stream: Stream, wake: Wake, *, interactive: bool, far_tty: bool) -> None:
        self._stream = stream
        self._wake = wake
        self._frames = None if far_tty else Frames()
        self._stdin_open = interactive
        self._to_send = b""

    def carry(self) -> None:
        self._stream.connection.setblocking(False)
        if self._stream.has_rest:
            self._show(self._stream.read())
        while True:
            ready = self._poll()
            if self._wake.descriptor in ready:
                self._wake.answer()
            if self._stream.fileno() in ready and not self._exchange(ready[self._stream.fileno()]):
                return
            if ready.get(STDOUT, 0) & (select.POLLERR | select.POLLHUP):
                # Who prints nothing would not notice by itself, and might go on for ever.
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
            if STDIN in ready:
                self._read_stdin()

    def _poll(self) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._wake.descriptor, select.POLLIN)
        sending = select.POLLOUT if self._to_send else 0
        poll.register(self._stream.fileno(), select.POLLIN | sending)
        if self._stdin_open and not self._to_send:
            poll.register(STDIN, select.POLLIN)
        poll.register(STDOUT, 0)  # its errors are told in any case
        return dict(poll.poll())

    def _exchange(self, events: int) -> bool:
        """Read and write what is possible; False when the far end has closed."""
        if events & select.POLLOUT:
            self._send()
        if events & ~select.POLLOUT:
            try:
                arrived = self._stream.read()
            except BlockingIOError:
                return True
            self._show(arrived)
            return bool(arrived)
        return True

    def _send(self) -> None:
        try:
            sent = self._stream.connection.send(self._to_send)
        except BlockingIOError:
            return
        except ConnectionError:
            # It reads no more; its output is still worth waiting for.
            self._stdin_open, self._to_send = False, b""
            return
        self._to_send = self._to_send[sent:]

    def _read_stdin(self) -> None:
        try:
            typed = os.read(STDIN, _CHUNK)
        except OSError:
            typed = b""
        self._to_send = typed
        if typed:
            self._send()
        else:
            self._stdin_open = False
            self._stream.close_input()

    def _show(self, arrived: bytes) -> None:
        if self._frames is None:
            _write(STDOUT, arrived)
            return
        for output, payload in self._frames.feed(arrived):
            _write(output, payload)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        try:
            written = os.write(descriptor, data)
        except BlockingIOError:
            # Whoever started this process left the descriptor non-blocking.
            select.select([], [descriptor], [])
            continue
        data = data[written:]


@contextmanager
def _ending_when_told() -> Iterator[None]:
    """Turn the signals that end this process into an exception, so that it can tidy up."""
    if threading.current_thread() is not threading.main_thread():  # only there handlers can be set
        yield
        return

    def end(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    chosen = [s for s in (signal.SIGHUP, signal.SIGTERM) if signal.getsignal(s) is signal.SIG_DFL]
    for number in chosen:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in chosen:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _raw(descriptor: int, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Wake:
    """A pipe through which a signal handler wakes the loop when the window's size changes."""

    def __init__(self, resize: Resize | None) -> None:
        self._resize = resize
        self.descriptor, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)

    def ring(self, *_: object) -> None:
        """Wake the loop; safe in a signal handler."""
        try:
            os.write(self._write_end, b"w")
        except BlockingIOError:
            return

    def answer(self) -> None:
        """Tell the far end the size of this terminal."""
        os.read(self.descriptor, 1024)
        if self._resize is not None and os.isatty(STDOUT):
            size = os.get_terminal_size(STDOUT)
            self._resize(size.lines, size.columns)

    def close(self) -> None:
        """Close both ends."""
        os.close(self.descriptor)
        os.close(self._write_end)


@contextmanager
def _following_size(far_tty: bool, resize: Resize) -> Iterator[Wake]:
    wake = Wake(resize if far_tty else None)
    # Only the main thread may set handlers.
    handled = far_tty and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGWINCH, wake.ring) if handled else None
    wake.ring()
    try:
        yield wake
    finally:
        if handled:
            signal.signal(signal.SIGWINCH, before)
        wake.close()
