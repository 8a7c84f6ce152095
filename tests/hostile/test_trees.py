"""What a repository or an archive brings: it stays inside, and nothing outside is read."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st

from dokkupy import git
from dokkupy.engine_docker import context, ignore
from dokkupy.errors import DokkupyError
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.source_path import SourcePath
from dokkupy_builder_dockerfile.paths import Location, locate
from dokkupy_certs import archive

from .budget import hostile
from .claims import attempt
from .seal import Seal
from .texts import anything, near, octets
from .trees import SECRET, Thing, archives, grow, is_plain, trees

APP = AppName("shop")
inside = st.sampled_from(["", "sub", "a", "./a", "a/../b", "Dockerfile", "sub/Dockerfile"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "things"


@hostile(3, text=anything | near("abc"))
def test_a_path_of_the_source_stays_inside(text: str) -> None:
    path = attempt(SourcePath.parse, text)
    if path is not None:
        assert SourcePath.parse(path) == path
        assert os.path.normpath(f"/source/{path}").startswith("/source")
        assert not path.startswith("/")
        assert path.isprintable()


@hostile(4, wanted=trees, build_dir=inside | anything, dockerfile=inside | anything)
def test_a_dockerfile_is_found_within_the_source_or_not_at_all(
    folder: Path, wanted: list[Thing], build_dir: str, dockerfile: str
) -> None:
    tree = grow(folder, wanted)
    path = attempt(SourcePath.parse, build_dir)
    source = path and path.folder_in(tree)
    found = source and attempt(_located, source, dockerfile)
    if not source or not found:
        return
    [location] = found
    assert source.is_relative_to(tree)
    assert location.context == source
    file = location.context / location.dockerfile
    assert file.resolve().is_relative_to(location.context)
    assert SECRET.decode() not in location.read()
    assert location.read() == context.read_dockerfile(location.context, location.dockerfile)


def _located(source: Path, dockerfile: str) -> list[Location]:
    found = locate(source, dockerfile)
    return [found] if found else []


@hostile(4, wanted=trees, ignored=octets)
def test_a_build_is_sent_the_tree_and_nothing_outside_of_it(
    folder: Path, seal: Seal, wanted: list[Thing], ignored: bytes
) -> None:
    tree = grow(folder, wanted)
    ignore_file = tree / ".dockerignore"
    if not os.path.lexists(ignore_file) or is_plain(ignore_file):
        ignore_file.write_bytes(ignored)
    with seal.over(folder):
        kept = list(ignore.kept(tree, ignore.parse(context.ignore_text(tree))))
        upload = context.tarball(tree, kept, {"Dockerfile.own": "FROM x\n"})
        sent = b"".join(upload.pieces)
    assert len(sent) == upload.size
    assert SECRET not in sent
    with tarfile.open(fileobj=io.BytesIO(sent), errors="surrogateescape") as received:
        for member in received:
            path = tree / member.name
            assert ".." not in Path(member.name).parts
            assert not member.name.startswith("/")
            assert member.isfile() or member.isdir() or member.issym()
            if member.isfile() and member.name != "Dockerfile.own":
                assert is_plain(path)
            elif member.issym():
                assert str(path.readlink()) == member.linkname


@hostile(5, stream=archives() | octets)
def test_an_archive_of_a_certificate_is_two_files_or_refused(
    folder: Path, seal: Seal, stream: bytes
) -> None:
    folder.mkdir(exist_ok=True)
    with seal.over(folder):
        attempt(archive.read, io.BytesIO(stream))


paths = st.sampled_from(
    [
        "a", "a/b", "../a", "/a", "a/../../b", ".git/hooks/post-checkout", ".GIT/config", "..", ".",
        ".git", "a/.git/config", ".gitmodules", ".gitattributes", "git~1/config", ".g\u200cit/x",
    ]
)  # fmt: skip
modes = st.sampled_from(["100644", "100755", "120000", "160000", "040000"])
contents = st.sampled_from(
    ["../outside", "..", "/etc", ".", "[core]\n\tfsmonitor = touch x\n", "* filter=x\n"]
)  # fmt: skip
commits = st.lists(st.tuples(modes, paths, contents), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = Paths(tmp_path_factory.mktemp("git") / "root")
    paths.make()
    git.ensure_repo(paths, APP)
    return paths


@hostile(0.5, files=commits)
def test_a_commit_is_written_into_its_folder_and_nowhere_else(
    repository: Paths, files: list[tuple[str, str, str]]
) -> None:
    stream = "commit refs/heads/main\ncommitter T <t@example.com> 1700000000 +0000\ndata 1\nx\n"
    stream += "deleteall\n"
    for mode, path, text in files:
        if mode == "160000":
            stream += f"M 160000 {'1' * 40} {path}\n"
        else:
            stream += f"M {mode} inline {path}\ndata {len(text.encode())}\n{text}\n"
    made = subprocess.run(
        ["git", "-C", git.repository(repository, APP), "fast-import", "--quiet", "--force"],
        input=stream.encode(),
        capture_output=True,
        check=False,
    )
    if made.returncode:
        return
    run = repository.run
    target = run / "source"
    target.mkdir()
    before = _everything(repository.root, target)
    with suppress(DokkupyError):
        git.export(repository, APP, "main", target)
    try:
        assert _everything(repository.root, target) == before
        assert not [path for path in target.rglob("*") if path.name.lower() == ".git"]
    finally:
        subprocess.run(["rm", "-rf", "--", target], check=True)


def _everything(root: Path, but: Path) -> list[str]:
    found = (str(path) for path in root.rglob("*") if not path.is_relative_to(but))
    return sorted(path for path in found if "/objects/" not in path)
