from __future__ import annotations

import io
import os
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from dokkupy.engine_docker.context import ignore_text, read_dockerfile, tarball
from dokkupy.engine_docker.wire import Upload
from dokkupy.errors import BuildFailed


def unpack(upload: Upload) -> dict[str, tuple[bytes, int, str | bytes]]:
    found: dict[str, tuple[bytes, int, str | bytes]] = {}
    content = b"".join(upload.pieces)
    assert len(content) == upload.size
    with tarfile.open(fileobj=io.BytesIO(content), errors="surrogateescape") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            found[member.name] = member.type, member.mode, file.read() if file else member.linkname
    return found


def test_files_folders_and_links_arrive_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o750)
    (tmp_path / "folder" / "run").write_bytes(b"x" * 200_001)
    (tmp_path / "folder" / "run").chmod(0o755)
    (tmp_path / "empty").touch(mode=0o640)
    (tmp_path / "link").symlink_to("folder/run")
    names = ["folder", "folder/run", "empty", "link"]
    assert unpack(tarball(tmp_path, names, {"extra": "ünïcode"})) == {
        "empty": (tarfile.REGTYPE, 0o640, b""),
        "extra": (tarfile.REGTYPE, 0o644, "ünïcode".encode()),
        "folder": (tarfile.DIRTYPE, 0o750, ""),
        "folder/run": (tarfile.REGTYPE, 0o755, b"x" * 200_001),
        "link": (tarfile.SYMTYPE, 0o777, "folder/run"),
    }


def test_a_large_context_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    # A hole takes no room on the disk and is read as fast as memory.
    os.truncate(os.open(tmp_path / "large", os.O_CREAT | os.O_WRONLY), 192 << 20)
    sent = 0
    tracemalloc.start()
    try:
        upload = tarball(tmp_path, ["large"], {})
        for piece in upload.pieces:
            sent += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent == upload.size > 192 << 20
    assert peak < 2 << 20


def test_link_out_of_the_context_is_sent_as_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("secret")
    context = tmp_path / "context"
    context.mkdir()
    (context / "link").symlink_to(outside)
    assert unpack(tarball(context, ["link"], {}))["link"][2] == str(outside)


def test_what_is_neither_file_folder_nor_link_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert unpack(tarball(tmp_path, ["pipe"], {})) == {}


def test_extra_file_takes_the_place_of_one_in_the_context(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("theirs")
    assert unpack(tarball(tmp_path, ["a"], {"a": "ours"}))["a"][2] == b"ours"


@pytest.mark.parametrize(
    "name", ["x" * 300, "sp ace", "ünïcode", b"\xff\xfe".decode("utf-8", "surrogateescape")]
)
def test_unusual_names_survive(tmp_path: Path, name: str) -> None:
    folder = "y" * 200
    (tmp_path / folder).mkdir()
    path = f"{folder}/{name[:200]}"
    (tmp_path / path).write_text("content")
    assert list(unpack(tarball(tmp_path, [path], {}))) == [path]


def test_large_context_is_sent_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(5_000_000))
    pieces = list(tarball(tmp_path, ["big"], {}).pieces)
    assert len(pieces) > 10
    assert max(len(piece) for piece in pieces) < 300_000


def test_file_that_shrinks_while_it_is_sent_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(1000))
    upload = tarball(tmp_path, ["log"], {})
    (tmp_path / "log").write_bytes(bytes(10))
    with pytest.raises(BuildFailed, match="shorter"):
        list(upload.pieces)


def test_ignore_file_that_is_missing_or_leads_out_ignores_nothing(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    assert ignore_text(context) == ""
    (tmp_path / "outside").write_text("*")
    (context / ".dockerignore").symlink_to("../outside")
    assert ignore_text(context) == ""
    (context / ".dockerignore").unlink()
    (context / ".dockerignore").write_text("*.log\n")
    assert ignore_text(context) == "*.log\n"


def test_dockerfile_may_be_a_link_inside_the_context(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("FROM base\n")
    (tmp_path / "Dockerfile").symlink_to("real")
    assert read_dockerfile(tmp_path, "Dockerfile") == "FROM base\n"


def test_dockerfile_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM \xff\xfe")
    with pytest.raises(BuildFailed, match="UTF-8"):
        read_dockerfile(tmp_path, "Dockerfile")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda _: None])
def test_dockerfile_that_is_no_file_is_never_opened(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "Dockerfile")
    with pytest.raises(BuildFailed, match="no file"):
        read_dockerfile(tmp_path, "Dockerfile")
