from __future__ import annotations

import os
from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed
from dokkupy_builder_dockerfile.paths import LARGEST_DOCKERFILE, Location, locate


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_a_dockerfile_is_found_where_it_is_said_to_be(source: Path) -> None:
    (source / "app").mkdir()
    (source / "app" / "Dockerfile.web").write_text("FROM x\n")
    found = locate(source, "app/Dockerfile.web")
    assert found == Location(context=source.resolve(), dockerfile="app/Dockerfile.web")
    assert found.read() == "FROM x\n"


@pytest.mark.parametrize("dockerfile", ["", "other", "file/Dockerfile"])
def test_nothing_is_found_where_nothing_is(source: Path, dockerfile: str) -> None:
    (source / "file").write_text("")
    assert locate(source, dockerfile) is None


def test_a_folder_named_dockerfile_is_not_one(source: Path) -> None:
    (source / "Dockerfile").mkdir()
    assert locate(source, "") is None


def test_link_inside_the_context_is_followed(source: Path) -> None:
    (source / "docker").mkdir()
    (source / "docker" / "web").write_text("FROM x\n")
    (source / "Dockerfile").symlink_to("docker/web")
    found = locate(source, "")
    assert found is not None
    assert found.dockerfile == "docker/web"


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore", "Dockerfile.dockerignore"])
@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "../nothing"])
def test_link_out_of_the_source_is_refused(source: Path, name: str, target: str) -> None:
    (source.parent / "secret").write_text("FROM x\n")
    (source / "Dockerfile").write_text("FROM x\n")
    (source / name).unlink(missing_ok=True)
    (source / name).symlink_to(target)
    with pytest.raises(BuildFailed, match=f"'{name}' leads out"):
        locate(source, "")


def test_a_folder_that_links_out_of_the_source_is_refused(source: Path) -> None:
    (source.parent / "other").mkdir()
    (source.parent / "other" / "Dockerfile").write_text("FROM x\n")
    (source / "app").symlink_to("../other")
    with pytest.raises(BuildFailed, match="'app/Dockerfile' leads out"):
        locate(source, "app/Dockerfile")


def test_hostile_settings_are_refused_as_failed_build(source: Path) -> None:
    for path in ("../..", "/etc/passwd"):
        with pytest.raises(BuildFailed, match="not a path inside"):
            locate(source, path)


def test_a_loop_of_links_is_no_dockerfile(source: Path) -> None:
    (source / "Dockerfile").symlink_to("Dockerfile")
    assert locate(source, "") is None


def test_a_pipe_is_never_opened(source: Path) -> None:
    os.mkfifo(source / "Dockerfile")
    assert locate(source, "") is None


def test_a_dockerfile_of_more_than_a_megabyte_is_refused(source: Path) -> None:
    (source / "Dockerfile").write_bytes(b"#" * (LARGEST_DOCKERFILE + 1))
    found = locate(source, "")
    assert found is not None
    with pytest.raises(BuildFailed, match="larger than"):
        found.read()
