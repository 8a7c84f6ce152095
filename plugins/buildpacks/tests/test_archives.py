from __future__ import annotations

import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed
from dokkupy_buildpacks import archives
from dokkupy_buildpacks.archives import unpacked


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Give a folder and the URL under which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()

    def handler(*args: object) -> Quiet:
        return Quiet(*args, directory=str(folder))  # type: ignore[arg-type]

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mode = kind, link, 0o755
    return found


def tar_of(path: Path, *members: tarfile.TarInfo, content: bytes = b"#!/bin/sh\n") -> None:
    with tarfile.open(path, "w:gz") as tar:
        for one in members:
            one.size = len(content) if one.isreg() else 0
            tar.addfile(one, io.BytesIO(content))


def test_an_archive_is_unpacked_with_its_programs(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = served
    tar_of(folder / "pack.tgz", member("bin/compile"), member("link", tarfile.SYMTYPE, "bin"))
    found = unpacked(f"{url}/pack.tgz", tmp_path / "to")
    assert (found / "bin/compile").stat().st_mode & 0o777 == 0o755
    assert (found / "link/compile").read_bytes() == b"#!/bin/sh\n"


def test_the_one_folder_around_everything_is_left_out(
    served: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = served
    with zipfile.ZipFile(folder / "pack.zip", "w") as archive:
        archive.writestr("pack-main/bin/compile", "#!/bin/sh\n")
    assert (unpacked(f"{url}/pack.zip", tmp_path / "to") / "bin/compile").is_file()


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil")],
        [member("/evil")],
        [member("bin/../../evil")],
        [member("evil", tarfile.SYMTYPE, "/etc")],
        [member("bin/evil", tarfile.SYMTYPE, "../../etc")],
        [member("a", tarfile.SYMTYPE, "b"), member("a/evil")],
        [member("a", tarfile.SYMTYPE, "b"), member("a")],
        [member("evil", tarfile.LNKTYPE, "/etc/passwd")],
        [member("evil", tarfile.CHRTYPE)],
        [member("evil", tarfile.FIFOTYPE)],
    ],
)
def test_a_hostile_archive_is_refused_and_writes_nothing_outside(
    served: tuple[Path, str], tmp_path: Path, members: list[tarfile.TarInfo]
) -> None:
    folder, url = served
    tar_of(folder / "pack.tgz", *members)
    before = {path for path in tmp_path.rglob("*") if "to" not in path.parts}
    with pytest.raises(BuildFailed, match="cannot be used"):
        unpacked(f"{url}/pack.tgz", tmp_path / "to")
    after = {path for path in tmp_path.rglob("*") if tmp_path / "to" not in (path, *path.parents)}
    assert after == before


@pytest.mark.parametrize("name", ["../evil", "/evil", "a\\..\\evil"])
def test_a_hostile_zip_is_refused(served: tuple[Path, str], tmp_path: Path, name: str) -> None:
    folder, url = served
    with zipfile.ZipFile(folder / "pack.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(BuildFailed, match="cannot be used"):
        unpacked(f"{url}/pack.zip", tmp_path / "to")


def test_a_bomb_is_refused(
    served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1024 * 1024)
    folder, url = served
    tar_of(folder / "pack.tgz", member("bin/compile"), content=bytes(2 * 1024 * 1024))
    assert (folder / "pack.tgz").stat().st_size < 10_000
    with pytest.raises(BuildFailed, match="too large when it is unpacked"):
        unpacked(f"{url}/pack.tgz", tmp_path / "to")


def test_a_download_that_is_too_large_is_given_up(
    served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    folder, url = served
    (folder / "pack.tgz").write_bytes(bytes(2000))
    with pytest.raises(BuildFailed, match="larger than"):
        unpacked(f"{url}/pack.tgz", tmp_path / "to")


def test_what_is_no_archive_or_not_there_says_so(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = served
    (folder / "pack.tgz").write_bytes(b"<html>")
    with pytest.raises(BuildFailed, match="no whole archive"):
        unpacked(f"{url}/pack.tgz", tmp_path / "to")
    with pytest.raises(BuildFailed, match="404"):
        unpacked(f"{url}/missing.tgz", tmp_path / "other")
