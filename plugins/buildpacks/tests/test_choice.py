from __future__ import annotations

import json
from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed
from dokkupy_buildpacks.choice import LIST, chosen

URL = "https://forge.example/pack#v1"


@pytest.mark.parametrize(
    ("file", "pack"),
    [
        ("requirements.txt", "python"),
        ("pyproject.toml", "python"),
        ("uv.lock", "python"),
        ("poetry.lock", "python"),
        ("package.json", "node"),
    ],
)
def test_a_source_is_recognised_by_its_files(tmp_path: Path, file: str, pack: str) -> None:
    (tmp_path / file).touch()
    assert chosen(tmp_path, {}) == [pack]


def test_a_python_app_with_a_package_json_for_its_tools_is_a_python_app(tmp_path: Path) -> None:
    (tmp_path / "package.json").touch()
    (tmp_path / "requirements.txt").touch()
    assert chosen(tmp_path, {}) == ["python"]


def test_what_is_set_beats_what_the_source_names_and_that_what_it_looks_like(
    tmp_path: Path,
) -> None:
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "app.json").write_text(json.dumps({"buildpacks": [{"url": URL}]}))
    assert chosen(tmp_path, {}) == [URL]
    (tmp_path / LIST).write_text("# first\nnode\n\nhttps://forge.example/other\r\n")
    assert chosen(tmp_path, {}) == ["node", "https://forge.example/other"]
    assert chosen(tmp_path, {"buildpacks": "python"}) == ["python"]


def test_an_app_json_without_buildpacks_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text('{"name": "x"}')
    assert chosen(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (LIST, "/etc", "names the folder"),
        (LIST, "file:///srv/pack", "names no buildpack"),
        ("app.json", "{", "no valid JSON|not valid JSON"),
        ("app.json", '{"buildpacks": "python"}', "no list"),
        ("app.json", '{"buildpacks": [{"url": "/etc"}]}', "names the folder"),
        ("app.json", "[" * 100_000, "not valid JSON|larger"),
    ],
)
def test_a_source_that_names_what_cannot_be_is_refused(
    tmp_path: Path, file: str, text: str, told: str
) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(BuildFailed, match=told) as caught:
        chosen(tmp_path, {})
    assert caught.value.hint


@pytest.mark.parametrize("file", [LIST, "app.json"])
def test_a_link_is_not_followed(tmp_path: Path, file: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text(URL)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / file).symlink_to(outside)
    with pytest.raises(BuildFailed, match="not a regular file"):
        chosen(tree, {})
