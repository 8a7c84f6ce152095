"""What a dump becomes on its way into a backup, compressed and sealed, and what comes back out."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final

from dokkupy.errors import PluginError, Refused
from dokkupy.services.source import PIECE, Source

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LEVEL: Final = 3
"""Of gzip: half the time of the usual 6 for a tenth more bytes."""
MAGIC: Final = b"dokkupy-sealed-1\n"
CHUNK: Final = 1024 * 1024
TAG: Final = 16
SALT: Final = 16
PREFIX: Final = 7
_GZIP: Final = 16 + zlib.MAX_WBITS

Sink = Callable[[bytes], object]


class Sealer:
    """Compresses what is written to it, seals it when there is a passphrase, and passes it on.

    The sealed form is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over
    AES-256-GCM in chunks of 1 MiB, its key made of the passphrase by scrypt: chunks can neither
    be changed nor reordered, left out or cut off at the end.
    """

    def __init__(self, sink: Sink, passphrase: str = "") -> None:
        self._sink = sink
        self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
        self._digest = hashlib.sha256()
        self.size = 0
        """Bytes passed on so far."""
        self._cipher: AESGCM | None = None
        self._pending = bytearray()
        self._count = 0
        if passphrase:
            salt, self._prefix = os.urandom(SALT), os.urandom(PREFIX)
            self._cipher = _cipher(passphrase, salt)
            self._pass_on(MAGIC + salt + self._prefix)

    @property
    def sha256(self) -> str:
        """Of all that was passed on."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take one piece."""
        self._seal(self._compressor.compress(piece))

    def finish(self) -> None:
        """Pass on the rest, and what marks the end."""
        self._seal(self._compressor.flush())
        if self._cipher is not None:
            self._pass_on(self._encrypted(bytes(self._pending), last=True))

    def _seal(self, compressed: bytes) -> None:
        if self._cipher is None:
            self._pass_on(compressed)
            return
        self._pending += compressed
        while len(self._pending) > CHUNK:
            self._pass_on(self._encrypted(bytes(self._pending[:CHUNK]), last=False))
            del self._pending[:CHUNK]

    def _encrypted(self, chunk: bytes, *, last: bool) -> bytes:
        nonce = _nonce(self._prefix, self._count, last=last)
        self._count += 1
        cipher: Any = self._cipher
        sealed: bytes = cipher.encrypt(nonce, chunk, None)
        return sealed

    def _pass_on(self, piece: bytes) -> None:
        if piece:
            self._digest.update(piece)
            self.size += len(piece)
            self._sink(piece)


class Unsealed(Source):
    """The dump inside a backup; raises when the backup is not to the byte what was written.

    Raises while it is read:
        Refused: it was changed or cut, or the passphrase is another.
    """

    def __init__(self, source: IO[bytes], *, sha256: str, passphrase: str = "") -> None:
        super().__init__()
        self._source = source
        self._wanted = sha256
        self._passphrase = passphrase
        self._digest = hashlib.sha256()
        self._decompressor = zlib.decompressobj(_GZIP)
        self._cipher: AESGCM | None = None
        self._chunk = b""
        self._count = 0

    def piece(self) -> bytes:
        while compressed := self._next():
            try:
                found = self._decompressor.decompress(compressed)
            except zlib.error as error:
                raise damaged(str(error)) from None
            if found:
                return found
        if self._digest.hexdigest() != self._wanted:
            raise damaged("Its checksum is another.")
        if not self._decompressor.eof:
            raise damaged("Its end is missing.")
        return b""

    def _next(self) -> bytes:
        """Return the next compressed bytes, empty at the end."""
        if not self._passphrase:
            return self._read(PIECE)
        if self._cipher is None:
            head = self._read(len(MAGIC) + SALT + PREFIX)
            if not head.startswith(MAGIC):
                raise damaged("It is not sealed.")
            self._cipher = _cipher(self._passphrase, head[len(MAGIC) : -PREFIX])
            self._prefix = head[-PREFIX:]
            self._chunk = self._read(CHUNK + TAG)
        if not self._chunk:
            return b""
        chunk, self._chunk = self._chunk, self._read(CHUNK + TAG)
        return self._decrypted(chunk, last=not self._chunk)

    def _decrypted(self, chunk: bytes, *, last: bool) -> bytes:
        from cryptography.exceptions import InvalidTag

        nonce = _nonce(self._prefix, self._count, last=last)
        self._count += 1
        cipher: Any = self._cipher
        try:
            found: bytes = cipher.decrypt(nonce, chunk, None)
        except InvalidTag:
            raise Refused(
                "The backup cannot be unsealed: it was changed, or the passphrase is another.",
                hint="Give the passphrase that it was made with: backup-passphrase NAME < FILE",
            ) from None
        return found

    def _read(self, size: int) -> bytes:
        """Read exactly so much, less only at the end."""
        found = b""
        while len(found) < size and (more := self._source.read(size - len(found))):
            found += more
        self._digest.update(found)
        return found


def damaged(what: str) -> Refused:
    """Return the refusal of a backup that is not what was written."""
    return Refused(
        f"The backup is damaged. {what}", hint="Use another one; the list shows which there are."
    )


def _nonce(prefix: bytes, count: int, *, last: bool) -> bytes:
    return prefix + count.to_bytes(4, "big") + bytes([last])


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise PluginError(
            "Sealed backups need the library cryptography.", hint="pip install cryptography"
        ) from None
    key = hashlib.scrypt(
        passphrase.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024**2, dklen=32
    )
    return AESGCM(key)
