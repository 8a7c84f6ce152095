"""The contract of a place for backups."""

from __future__ import annotations

import io
from typing import IO

import pytest

from dokkupy.errors import DokkupyError, NotFound
from dokkupy.services.vault import Vault
from dokkupy.testing.capability import Contract

SIZE = 20 * 1024 * 1024 + 7
"""Bytes; more than one part of an upload, and no round number."""


class Breaking(io.RawIOBase):
    """A stream that fails before its end, as a dump does whose server dies."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._left <= 0:
            raise DokkupyError("The dump broke off.")
        piece = min(self._left, size if size > 0 else 65536)
        self._left -= piece
        return b"x" * piece


class VaultContract(Contract):
    """Subclass it as `Test…` with a fixture `vault` that gives an empty one."""

    suite = "vault"

    def test_gives_back_what_was_kept(self, vault: Vault) -> None:
        content = bytes(range(256)) * (SIZE // 256) + b"end"
        vault.put("a/b/1.dump", io.BytesIO(content))
        with vault.open("a/b/1.dump") as source:
            assert source.read(10) == content[:10]
            assert _rest(source) == content[10:]

    def test_keeps_an_empty_stream(self, vault: Vault) -> None:
        vault.put("a/empty", io.BytesIO())
        with vault.open("a/empty") as source:
            assert source.read() == b""

    @pytest.mark.parametrize("size", [0, 1000, SIZE])
    def test_keeps_nothing_of_a_stream_that_breaks_off(self, vault: Vault, size: int) -> None:
        stream: IO[bytes] = Breaking(size)  # type: ignore[assignment]
        with pytest.raises(DokkupyError, match="broke off"):
            vault.put("a/1.dump", stream)
        assert vault.names("") == []

    def test_replaces_what_had_the_name(self, vault: Vault) -> None:
        vault.put("a/1", io.BytesIO(b"old"))
        vault.put("a/1", io.BytesIO(b"new"))
        with vault.open("a/1") as source:
            assert source.read() == b"new"
        assert vault.names("a/") == ["a/1"]

    def test_lists_by_the_beginning_of_names(self, vault: Vault) -> None:
        for name in ("mysql/b/2", "mysql/a/1", "redis/a/1"):
            vault.put(name, io.BytesIO(b"x"))
        assert vault.names("mysql/") == ["mysql/a/1", "mysql/b/2"]
        assert vault.names("nothing/") == []

    def test_forgets_a_name_and_minds_no_missing_one(self, vault: Vault) -> None:
        vault.put("a/1", io.BytesIO(b"x"))
        vault.remove("a/1")
        vault.remove("a/1")
        assert vault.names("") == []
        with pytest.raises(NotFound), vault.open("a/1"):
            pytest.fail("it was there")


def _rest(source: IO[bytes]) -> bytes:
    pieces = []
    while piece := source.read(1024 * 1024):
        pieces.append(piece)
    return b"".join(pieces)
