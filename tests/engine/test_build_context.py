from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dokkupy.engine_docker.context import archive, ignore_patterns, read_dockerfile
from dokkupy.errors import BuildFailed


def unpack(pieces: list[bytes]) -> dict[str, tuple[bytes, int, str | bytes]]:
    found: dict[str, tuple[bytes, int, str | bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
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
    assert unpack(list(archive(tmp_path, names, {"extra": "ünïcode"}))) == {
        "empty": (tarfile.REGTYPE, 0o640, b""),
        "extra": (tarfile.REGTYPE, 0o644, "ünïcode".encode()),
        "folder": (tarfile.DIRTYPE, 0o750, ""),
        "folder/run": (tarfile.REGTYPE, 0o755, b"x" * 200_001),
        "link": (tarfile.SYMTYPE, 0o777, "folder/run"),
    }


def test_link_out_of_the_context_is_sent_as_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("secret")
    context = tmp_path / "context"
    context.mkdir()
    (context / "link").symlink_to(outside)
    assert unpack(list(archive(context, ["link"], {})))["link"][2] == str(outside)


def test_what_is_neither_file_folder_nor_link_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert unpack(list(archive(tmp_path, ["pipe"], {}))) == {}


def test_extra_file_takes_the_place_of_one_in_the_context(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("theirs")
    assert unpack(list(archive(tmp_path, ["a"], {"a": "ours"})))["a"][2] == b"ours"


@pytest.mark.parametrize(
    "name", ["x" * 300, "sp ace", "ünïcode", b"\xff\xfe".decode("utf-8", "surrogateescape")]
)
def test_unusual_names_survive(tmp_path: Path, name: str) -> None:
    folder = "y" * 200
    (tmp_path / folder).mkdir()
    path = f"{folder}/{name[:200]}"
    (tmp_path / path).write_text("content")
    with tarfile.open(
        fileobj=io.BytesIO(b"".join(archive(tmp_path, [path], {}))), errors="surrogateescape"
    ) as tar:
        assert tar.getnames() == [path]


def test_large_context_is_sent_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(5_000_000))
    pieces = list(archive(tmp_path, ["big"], {}))
    assert len(pieces) > 10
    assert max(len(piece) for piece in pieces) < 300_000


def test_ignore_file_is_read_without_comments(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("# no\n\n*.log \r\n!keep.log\n")
    assert ignore_patterns(tmp_path) == ["*.log", "!keep.log"]


def test_ignore_file_that_is_missing_or_leads_out_ignores_nothing(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    assert ignore_patterns(context) == []
    (tmp_path / "outside").write_text("*")
    (context / ".dockerignore").symlink_to("../outside")
    assert ignore_patterns(context) == []


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
