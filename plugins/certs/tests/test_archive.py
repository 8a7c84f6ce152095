from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy_certs.archive import LONGEST, read


def archive(members: list[tuple[str, bytes, bytes]], *, form: int = tarfile.GNU_FORMAT) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as tar:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mtime = kind, len(content), 1.5
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            tar.addfile(info, io.BytesIO(content))
    return written.getvalue()


PAIR = [
    ("server.crt", b"certificate", tarfile.REGTYPE),
    ("server.key", b"key" * 1000, tarfile.REGTYPE),
]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_both_files_are_read_from_any_kind_of_tar(form: int) -> None:
    assert read(io.BytesIO(archive(PAIR, form=form))) == (b"certificate", b"key" * 1000)
    dotted = [(f"./{name}", content, kind) for name, content, kind in reversed(PAIR)]
    assert read(io.BytesIO(archive(dotted, form=form))) == (b"certificate", b"key" * 1000)


@pytest.mark.parametrize(
    "name",
    ["../server.crt", "/server.crt", "a/server.crt", "server.crt\n", "README", "././server.crt"],
)
def test_a_member_of_another_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="The archive holds"):
        read(io.BytesIO(archive([*PAIR, (name, b"x", tarfile.REGTYPE)])))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
    ],
)
def test_a_member_that_is_no_file_is_refused(kind: bytes) -> None:
    with pytest.raises(UsageError, match="not a file of its own"):
        read(io.BytesIO(archive([("server.crt", b"", kind), PAIR[1]])))


def test_a_file_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'server.key' twice"):
        read(io.BytesIO(archive([*PAIR, PAIR[1]])))


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match=r"does not hold server\.key"):
        read(io.BytesIO(archive(PAIR[:1])))


def test_a_long_archive_is_refused_without_being_read_to_its_end() -> None:
    stream = io.BytesIO(bytes(8 * LONGEST))
    with pytest.raises(UsageError, match="more than 1024 KiB"):
        read(stream)
    assert stream.tell() == LONGEST + 1


@pytest.mark.parametrize(
    "given_bytes",
    [
        b"x" * 2000,
        gzip.compress(archive(PAIR)),
        archive(PAIR)[:2100],
        archive(PAIR)[:100],
        archive(PAIR).replace(b"00000000013", b"-0000000013", 1),
        archive(PAIR).replace(b"00000000013", b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1),
    ],
    ids=["text", "gzip", "cut content", "cut header", "negative", "huge"],
)
def test_what_is_no_plain_tar_is_refused(given_bytes: bytes) -> None:
    with pytest.raises(UsageError, match="no plain tar archive"):
        read(io.BytesIO(given_bytes))


def test_nothing_at_all_is_refused_with_the_way_to_do_it() -> None:
    with pytest.raises(UsageError, match="No certificate was given") as refusal:
        read(io.BytesIO(b""))
    assert "tar c server.crt server.key" in refusal.value.hint


@given(noise=st.binary(max_size=64), at=st.integers(0, 3000))
def test_a_damaged_archive_gives_both_files_or_is_refused(noise: bytes, at: int) -> None:
    whole = archive(PAIR)
    with suppress(UsageError):
        chain, key = read(io.BytesIO(whole[:at] + noise + whole[at + len(noise) :]))
        assert len(chain) + len(key) < len(whole)
