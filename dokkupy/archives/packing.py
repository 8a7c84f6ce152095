"""Streams that come compressed, unpacked piece by piece and never beyond the limits."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import IO, TYPE_CHECKING, Final, Protocol

from dokkupy.archives.damage import explained
from dokkupy.archives.member import MIB, Limits
from dokkupy.errors import Refused, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD: Final = 512
"""Bytes by which every format is known: one block of a tar."""
_PIECE: Final = 65536
_XZ_MEMORY: Final = 256 * MIB
"""What an unpacker may take; the strongest setting of xz needs 65 MiB."""


class Packed(io.RawIOBase):
    """A stream that counts what is read from it, and whose first bytes can be looked at."""

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        super().__init__()
        self._stream = stream
        self._limits = limits
        self.head = _read_fully(stream, HEAD)
        self._pending = self.head
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._pending:
            piece, self._pending = self._pending[: len(view)], self._pending[len(view) :]
        else:
            piece = self._stream.read(min(len(view), _PIECE))
        self.count += len(piece)
        if self.count > self._limits.packed:
            raise Refused(
                f"The archive is larger than {self._limits.packed // MIB} MiB.",
                hint="Leave out what the build makes or fetches itself.",
            )
        view[: len(piece)] = piece
        return len(piece)


def _read_fully(stream: IO[bytes], size: int) -> bytes:
    """Read until so many bytes are there or nothing more comes; a pipe gives what it has."""
    found = b""
    while len(found) < size and (piece := stream.read(size - len(found))):
        found += piece
    return found


class Unpacker(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Unpacked(io.RawIOBase):
    """What a compressed stream holds, all of its parts one after the other."""

    def __init__(self, packed: Packed, make: Callable[[], Unpacker], limits: Limits) -> None:
        super().__init__()
        self._packed = packed
        self._make = make
        self._limits = limits
        self._unpacker = make()
        self._rest = b""
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._next(min(len(view), _PIECE))
        self._count += len(piece)
        self._limits.refuse_growth(self._packed.count, self._count)
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, size: int) -> bytes:
        while True:
            if self._unpacker.eof:
                # Zeros after the end are padding, as tapes had it.
                rest = self._unpacker.unused_data.lstrip(b"\0") or self._padding_skipped()
                if not rest:
                    return b""
                self._unpacker, self._rest = self._make(), rest
            wanted = self._unpacker.needs_input
            data = self._input() if wanted else b""
            with explained():
                piece = self._unpacker.decompress(data, size)
            if piece:
                return piece
            if wanted and not data and not self._unpacker.eof:
                raise cut_off()

    def _input(self) -> bytes:
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        return self._packed.read(_PIECE) or b""

    def _padding_skipped(self) -> bytes:
        while data := self._packed.read(_PIECE):
            if rest := data.lstrip(b"\0"):
                return bytes(rest)
        return b""


class _Gzip:
    """zlib's unpacker with the face of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))


class _Told:
    """An unpacker whose errors are as the others'."""

    def __init__(self, inner: Unpacker, *errors: type[Exception]) -> None:
        self._inner = inner
        self._errors = errors

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        try:
            return self._inner.decompress(data, max_length)
        except self._errors as error:
            raise ValueError(error) from error


def _bzip2() -> Unpacker:
    import bz2

    return _Told(bz2.BZ2Decompressor(), OSError)


def _xz() -> Unpacker:
    import lzma

    return _Told(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), lzma.LZMAError)


def _zstandard() -> Unpacker:
    try:
        module = import_module("compression.zstd")
    except ImportError:
        raise UsageError(
            "This Python cannot read zstd; 3.14 is the first that can.",
            hint="Pack it with gzip or xz instead: tar --create --gzip",
        ) from None
    return _Told(module.ZstdDecompressor(), module.ZstdError)


_UNPACKERS: Final[Mapping[bytes, Callable[[], Unpacker]]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": _bzip2,
    b"\xfd7zXZ\0": _xz,
    b"\x28\xb5\x2f\xfd": _zstandard,
}
"""By the first bytes of what they unpack."""


def unpacked(packed: Packed, limits: Limits) -> IO[bytes]:
    """Return what a stream holds; one that is not compressed as it is."""
    for magic, make in _UNPACKERS.items():
        if packed.head.startswith(magic):
            return io.BufferedReader(Unpacked(packed, make, limits), _PIECE)
    return io.BufferedReader(packed, _PIECE)


def cut_off() -> UsageError:
    """Return the error for an archive of which the end is missing."""
    return UsageError("The archive ends too early.", hint="Send it again, all of it.")
