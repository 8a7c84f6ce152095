"""Archives, good and hostile, on their way into a real repository."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import stat
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dokkupy import git, importing
from dokkupy.archives import Limits
from dokkupy.errors import DokkupyError, Refused, UsageError
from dokkupy.names import AppName
from dokkupy.paths import Paths

APP = AppName("hello")
SMALL = Limits(packed=4 << 20, unpacked=8 << 20, members=50, depth=5, ratio=50, free=1 << 20)


class Tar:
    """A tar in the making."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)

    def add(
        self, name: str, text: str = "", *, mode: int = 0o644, kind: bytes = b"0", to: str = ""
    ) -> Tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.linkname = kind, mode, to
        entry.size = len(text.encode())
        self._tar.addfile(entry, io.BytesIO(text.encode()))
        return self

    def link(self, name: str, to: str) -> Tar:
        return self.add(name, kind=tarfile.SYMTYPE, to=to)

    @property
    def bytes(self) -> bytes:
        self._tar.close()
        return self._file.getvalue()


def zipped(files: Mapping[str, str], *, modes: Mapping[str, int] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (modes or {}).get(name, stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return file.getvalue()


def take(paths: Paths, archive: bytes, parent: str = git.ABSENT, limits: Limits = SMALL) -> str:
    return importing.commit(
        paths,
        APP,
        io.BytesIO(archive),
        title="archive app.tar",
        actor="ann",
        parent=parent,
        limits=limits,
    )


def listed(paths: Paths, commit: str) -> dict[str, tuple[str, str]]:
    """Return path -> (mode, content) of a commit."""
    repository = git.repository(paths, APP)

    def ask(*words: str) -> bytes:
        return subprocess.run(
            ["git", f"--git-dir={repository}", *words], check=True, stdout=subprocess.PIPE
        ).stdout

    found = {}
    for row in ask("ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
        head, _, name = row.partition(b"\t")
        mode, _, blob = head.decode().split(" ")
        found[name.decode()] = (mode, ask("cat-file", "blob", blob).decode())
    return found


def refused(paths: Paths, archive: bytes, *words: str, limits: Limits = SMALL) -> DokkupyError:
    with pytest.raises((Refused, UsageError)) as caught:
        take(paths, archive, limits=limits)
    for word in words:
        assert word in caught.value.message
    assert caught.value.hint
    assert list(paths.run.iterdir()) == []
    assert git.branches(paths, APP) == {}
    return caught.value


TREE = Tar().add("web.py", "run", mode=0o755).add("data/rows", "1").link("latest", "data/rows")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_becomes_a_commit(paths: Paths, pack: Callable[[bytes], bytes]) -> None:
    made = take(paths, pack(TREE.bytes))
    assert listed(paths, made) == {
        "data/rows": ("100644", "1"),
        "latest": ("120000", "data/rows"),
        "web.py": ("100755", "run"),
    }
    shown = git.commit(paths, APP, made)
    assert (shown.author, shown.subject) == ("ann", "archive app.tar")


def test_a_zip_becomes_a_commit(paths: Paths) -> None:
    archive = zipped(
        {"web.py": "run", "data/": "", "data/rows": "1", "latest": "data/rows"},
        modes={"web.py": stat.S_IFREG | 0o755, "latest": stat.S_IFLNK | 0o777},
    )
    assert listed(paths, take(paths, archive)) == listed(paths, take(paths, TREE.bytes))


def test_an_archive_follows_on_what_is_there_and_replaces_it(paths: Paths) -> None:
    first = take(paths, Tar().add("old", "1").add("both", "1").bytes)
    second = take(paths, Tar().add("both", "2").add("new", "2").bytes, parent=first)
    assert set(listed(paths, second)) == {"both", "new"}
    assert git.is_ancestor(paths, APP, first, second)


def test_a_single_folder_around_everything_is_left_out(paths: Paths) -> None:
    archive = Tar().add("./app-1.0/", kind=tarfile.DIRTYPE).add("./app-1.0/web.py", "run")
    archive.add("./app-1.0/lib/x", "").link("./app-1.0/y", "lib/x")
    assert set(listed(paths, take(paths, archive.bytes))) == {"lib/x", "web.py", "y"}


def test_a_history_beside_the_files_is_left_out(paths: Paths) -> None:
    archive = Tar().add(".git/hooks/post-checkout", "evil").add("a", "1").add("lib/.GIT", "x")
    assert set(listed(paths, take(paths, archive.bytes))) == {"a"}


def test_rights_beyond_to_run_are_dropped(paths: Paths) -> None:
    archive = Tar().add("a", mode=0o6755).add("b", mode=0o1666)
    found = listed(paths, take(paths, archive.bytes))
    assert {name: mode for name, (mode, _) in found.items()} == {"a": "100755", "b": "100644"}


def test_a_hard_link_is_the_file_that_it_is_of(paths: Paths) -> None:
    archive = Tar().add("a", "x", mode=0o755).add("b/c", kind=tarfile.LNKTYPE, to="a")
    assert listed(paths, take(paths, archive.bytes))["b/c"] == ("100755", "x")


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (Tar().add("a/../../b", "x"), ["a/../../b", ".."]),
        (Tar().add("/etc/passwd", "x"), ["/etc/passwd", "absolute"]),
        (Tar().add("a", kind=tarfile.CHRTYPE), ["'a'", "device"]),
        (Tar().add("a", kind=tarfile.BLKTYPE), ["'a'", "device"]),
        (Tar().add("a", kind=tarfile.FIFOTYPE), ["'a'", "fifo"]),
        (Tar().add("a", "1").add("a", "2"), ["'a'", "twice"]),
        (Tar().add("a", "1").add("./a", "2"), ["'./a'", "twice"]),
        (Tar().add("a", "1").add("a/b", "2"), ["'a'", "folder"]),
        (Tar().link("a", "/tmp").add("a/b", "2"), ["'a'", "folder"]),
        (Tar().add("a/b", "1").add("a", "2"), ["'a'", "folder"]),
        (Tar().add("a", "1").add("a/", kind=tarfile.DIRTYPE), ["'a'", "folder"]),
        (Tar().add("x", "1").link("a", "/etc/passwd"), ["'a'", "/etc/passwd", "outside"]),
        (Tar().add("x", "1").link("a", "../b"), ["'a'", "outside"]),
        (Tar().add("x", "1").link("a/b", "../../c"), ["'a/b'", "outside"]),
        (Tar().add("t/x", "1").link("t/a", "../t/x"), ["'a'", "outside"]),
        (Tar().link("s/t/u", "../..").link("x", "s/t/u/../y"), ["'x'", "outside"]),
        (Tar().link("a", "b").link("b", "a"), ["circles"]),
        (Tar().add("x", "1").link("a", ""), ["'a'", "no possible name"]),
        (Tar().add("x", "1").add("a", kind=tarfile.LNKTYPE, to="/etc/passwd"), ["absolute"]),
        (Tar().add("x", "1").add("a", kind=tarfile.LNKTYPE, to="y"), ["'a'", "'y'"]),
        (Tar().link("l", "x").add("a", kind=tarfile.LNKTYPE, to="l"), ["'a'", "'l'"]),
        (Tar().add("a\nb", "x"), ["control"]),
        (Tar().add("a" * 256, "x"), ["too long"]),
        (Tar().add("/".join("abcdef"), "x"), ["5 folders deep"]),
        (Tar().add("a/", kind=tarfile.DIRTYPE), ["no files"]),
        (Tar().link(".gitmodules", "x"), ["Git does not take"]),
        (Tar().add("GIT~1", "x"), ["Git does not take"]),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_no_app_has_is_refused(paths: Paths, archive: Tar, words: list[str]) -> None:
    refused(paths, archive.bytes, *words)


def test_a_name_that_is_no_utf8_is_refused(paths: Paths) -> None:
    tar = Tar().add("caf\udce9", "x")
    refused(paths, tar.bytes.replace(b"caf\xc3\xa9", b"caf\xe9"), "UTF-8")


@pytest.mark.parametrize("name", ["../a", "/a", "a\\..\\b", "a/../../b"])
def test_a_zip_s_hostile_names_are_refused(paths: Paths, name: str) -> None:
    refused(paths, zipped({name: "x"}), repr(name).strip("'"))


def test_a_zip_s_names_are_utf8_even_where_it_does_not_say_so(paths: Paths) -> None:
    archive = bytearray(zipped({"café": "x"}))
    for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        archive[archive.index(mark) + offset] &= ~0x08
    assert set(listed(paths, take(paths, bytes(archive)))) == {"café"}


def test_an_encrypted_zip_is_refused(paths: Paths) -> None:
    archive = bytearray(zipped({"a": "x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(mark) + offset] |= 0x01
    refused(paths, bytes(archive), "encrypted")


def test_a_zip_with_a_link_out_of_it_is_refused(paths: Paths) -> None:
    modes = {"a": stat.S_IFLNK | 0o777}
    refused(paths, zipped({"a": "../x", "b": ""}, modes=modes), "outside")


BOMB = b"\0" * (6 << 20)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_refused_by_how_much_it_grows(
    paths: Paths, pack: Callable[[bytes], bytes]
) -> None:
    refused(paths, pack(Tar().add("a", BOMB.decode()).bytes), "grows more than 50 times")


def test_a_zip_bomb_is_refused_by_how_much_it_grows(paths: Paths) -> None:
    refused(paths, zipped({"a": BOMB.decode()}), "grows more than 50 times")


def test_too_much_is_refused_however_it_is_packed(paths: Paths) -> None:
    noise = os.urandom(5 << 20).hex()
    refused(paths, Tar().add("a", noise[: 5 << 20]).bytes, "larger than 4 MiB")
    refused(paths, gzip.compress(Tar().add("a", noise[: 9 << 20]).bytes, 1), "MiB")
    many = Tar()
    for number in range(51):
        many.add(f"f{number}", "x")
    refused(paths, many.bytes, "more than 50 files")


def test_a_member_that_talks_of_itself_for_ever_is_refused(paths: Paths) -> None:
    entry = tarfile.TarInfo("a")
    entry.pax_headers = {"comment": "x" * (1 << 20)}
    refused(paths, entry.tobuf(tarfile.PAX_FORMAT) + bytes(1024), "more of itself")


def test_a_zip_with_a_table_that_fills_the_memory_is_refused(paths: Paths) -> None:
    archive = bytearray(zipped({"a": "x"}))
    end = archive.rindex(b"PK\x05\x06")
    archive[end + 12 : end + 16] = (1 << 30).to_bytes(4, "little")
    refused(paths, bytes(archive), "more than 50 files")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_an_archive_without_its_end_is_refused(
    paths: Paths, pack: Callable[[bytes], bytes]
) -> None:
    content = Tar().add("a", "1").add("b", os.urandom(3000).hex()).bytes.rstrip(b"\0")
    whole = pack(content + bytes(1024))
    # A second block of zeros says nothing that the first has not said.
    longest = len(whole) - (1024 if pack is bytes else 1)
    for size in (0, 1, 100, 513, len(whole) // 2, longest):
        refused(paths, whole[:size])


def test_a_zip_of_which_a_byte_changed_on_the_way_is_refused(paths: Paths) -> None:
    archive = bytearray(zipped({"a": os.urandom(400).hex()}))
    archive[100] ^= 0x55
    refused(paths, bytes(archive), "damaged")


def test_what_is_no_archive_is_refused(paths: Paths) -> None:
    assert isinstance(refused(paths, b"#!/bin/sh\necho hello\n" * 100), UsageError)


PARTS = st.sampled_from(["..", ".", "", "a", "b", ".git", "é", "\udcff", "\n", "a" * 300, "git~1"])
NAMES = st.one_of(st.lists(PARTS, min_size=1, max_size=4).map("/".join), st.text(max_size=12))
ENTRIES = st.tuples(
    NAMES,
    st.sampled_from(
        [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, b"3", b"6"]
    ),
    NAMES,
    st.integers(0, 0o7777),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(ENTRIES, max_size=5))
@example([("l", tarfile.SYMTYPE, "a/..", 0), ("x", tarfile.SYMTYPE, "l/../b", 0)])
def test_whatever_a_tar_holds_stays_inside_or_is_refused(
    paths: Paths, tmp_path: Path, entries: list[tuple[str, bytes, str, int]]
) -> None:
    tar = Tar()
    try:
        for name, kind, to, mode in entries:
            tar.add(name, "x" if kind == tarfile.REGTYPE else "", mode=mode, kind=kind, to=to)
    except (ValueError, UnicodeError):
        return  # not even tar can say that
    try:
        made = take(paths, tar.bytes)
    except (Refused, UsageError):
        return
    folder = tmp_path / made
    if not folder.exists():
        folder.mkdir()
        git.export(paths, APP, made, folder)
    for path in folder.rglob("*"):
        with suppress(OSError):  # a link to a name that is too long leads nowhere
            assert path.resolve().is_relative_to(folder)
        assert not path.lstat().st_mode & 0o7000


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([TREE.bytes, gzip.compress(TREE.bytes), zipped({"a": "x" * 99, "b/c": "y"})]),
    st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=8)), max_size=4),
)
def test_noise_in_an_archive_is_refused_or_taken_and_nothing_else(
    paths: Paths, archive: bytes, noise: list[tuple[int, bytes]]
) -> None:
    changed = bytearray(archive)
    for place, content in noise:
        changed[place % len(archive) : place % len(archive) + len(content)] = content
    with contextlib.suppress(Refused, UsageError):
        take(paths, bytes(changed))
    assert list(paths.run.iterdir()) == []


def test_what_a_killed_process_has_left_goes_after_a_day(paths: Paths) -> None:
    old, fresh = paths.run / "archive-hello-old", paths.run / "archive-hello-new"
    for folder, age in ((old, importing.LEFT_SECONDS + 60), (fresh, 60)):
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    take(paths, Tar().add("a", "1").bytes)
    assert list(paths.run.iterdir()) == [fresh]
