"""Buildpacks of others: from git over https, from archives, from folders."""

from __future__ import annotations

import io
import ssl
import subprocess
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed
from dokkupy.testing.tls import self_signed
from dokkupy_buildpacks.fetching import fetched
from dokkupy_buildpacks.references import Buildpack

COMPILE = b"#!/bin/sh\necho compiled\n"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Give a folder and the https URL under which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()
    certificate = self_signed(tmp_path / "tls", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.chain))
    monkeypatch.setenv("no_proxy", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)

    def handler(*args: object) -> Quiet:
        return Quiet(*args, directory=str(folder))  # type: ignore[arg-type]

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield folder, f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def git(folder: Path, *words: str) -> None:
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", "-C", str(folder), *author, *words], check=True, capture_output=True)


def repository(served: Path, work: Path) -> None:
    """Publish a buildpack whose tag `v1` and whose main branch differ."""
    (work / "bin").mkdir(parents=True)
    (work / "bin/compile").write_bytes(COMPILE)
    (work / "bin/compile").chmod(0o755)
    git(work, "init", "--quiet", "--initial-branch=main")
    for version in ("one", "two"):
        (work / "version").write_text(version)
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", version)
        if version == "one":
            git(work, "tag", "v1")
    git(served, "clone", "--quiet", "--bare", str(work), "pack.git")
    git(served / "pack.git", "update-server-info")


@contextmanager
def quietly(*packs: str) -> Iterator[tuple[Path, ...]]:
    with tempfile.TemporaryDirectory() as work:
        parsed = [Buildpack.parse(pack) for pack in packs]
        with fetched(parsed, Path(work), lambda _: None) as folders:
            yield folders


def version_of(*packs: str) -> list[str]:
    with quietly(*packs) as folders:
        return [(folder / "version").read_text() for folder in folders]


def test_a_repository_gives_its_default_branch_or_what_is_named(
    served: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = served
    repository(folder, tmp_path / "work")
    lines: list[str] = []
    pack = Buildpack.parse(f"{url}/pack.git")
    with fetched([pack], tmp_path, lines.append) as (found,):
        assert found.is_relative_to(tmp_path)
        assert (found / "bin/compile").stat().st_mode & 0o777 == 0o755
        assert not (found / ".git").exists()
    assert lines == [f"-----> Fetching {pack}"]
    assert not found.exists()


def test_a_repository_without_such_a_name_says_so(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = served
    repository(folder, tmp_path / "work")
    with pytest.raises(BuildFailed, match="'v9'") as caught:
        version_of(f"{url}/pack.git#v9")
    assert "git ls-remote" in caught.value.hint


def test_a_repository_that_does_not_answer_is_named(served: tuple[Path, str]) -> None:
    with pytest.raises(BuildFailed, match=r"missing\.git.* cannot be (had|fetched)"):
        version_of(f"{served[1]}/missing.git")


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mode = kind, link, 0o755
    return found


def tar_of(path: Path, *members: tarfile.TarInfo, content: bytes = COMPILE) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for one in members:
            one.size = len(content) if one.isreg() else 0
            tar.addfile(one, io.BytesIO(content))


@pytest.mark.parametrize("top", ["", "pack-main/"])
@pytest.mark.parametrize("more", [[], [member("lib/link", tarfile.SYMTYPE, "../bin/compile")]])
def test_an_archive_is_a_buildpack_with_or_without_a_folder_around_it(
    served: tuple[Path, str], top: str, more: list[tarfile.TarInfo]
) -> None:
    folder, url = served
    copies = [member(f"{top}{one.name}", one.type, one.linkname) for one in more]
    tar_of(folder / "pack.tgz", member(f"{top}bin/compile"), *copies)
    with quietly(f"{url}/pack.tgz") as (found,):
        assert (found / "bin/compile").read_bytes() == COMPILE
        assert (found / "bin/compile").stat().st_mode & 0o777 == 0o755
        assert all((found / one.name).read_bytes() == COMPILE for one in more)


def test_a_zip_is_one_too(served: tuple[Path, str]) -> None:
    folder, url = served
    with zipfile.ZipFile(folder / "pack.zip", "w") as archive:
        archive.writestr("pack-main/bin/compile", COMPILE)
        archive.writestr("pack-main/README", "x")
    with quietly(f"{url}/pack.zip") as (found,):
        assert (found / "bin/compile").read_bytes() == COMPILE


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil")],
        [member("/evil")],
        [member("evil", tarfile.SYMTYPE, "/etc")],
        [member("bin/evil", tarfile.SYMTYPE, "../../etc")],
        [member("a", tarfile.SYMTYPE, "b"), member("a/evil")],
        [member("evil", tarfile.LNKTYPE, "/etc/passwd")],
        [member("evil", tarfile.CHRTYPE)],
        [member("evil", tarfile.FIFOTYPE)],
    ],
)
def test_a_hostile_archive_is_refused(
    served: tuple[Path, str], members: list[tarfile.TarInfo]
) -> None:
    folder, url = served
    tar_of(folder / "pack.tgz", member("bin/compile"), *members)
    with pytest.raises(BuildFailed, match=r"pack\.tgz cannot be had"):
        version_of(f"{url}/pack.tgz")


def test_what_is_no_archive_or_not_there_says_so(served: tuple[Path, str]) -> None:
    folder, url = served
    (folder / "pack.tgz").write_bytes(b"<html>")
    with pytest.raises(BuildFailed, match="cannot be had"):
        version_of(f"{url}/pack.tgz")
    with pytest.raises(BuildFailed, match="404"):
        version_of(f"{url}/missing.tgz")


def test_a_folder_of_the_server_must_be_a_buildpack(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="no folder of this server with a buildpack"):
        version_of("/etc")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/compile").symlink_to("/bin/true")
    with pytest.raises(BuildFailed, match="no folder of this server with a buildpack"):
        version_of(str(tmp_path))
    (tmp_path / "bin/compile").unlink()
    (tmp_path / "bin/compile").write_bytes(COMPILE)
    (tmp_path / "version").write_text("own")
    assert version_of(str(tmp_path)) == ["own"]
