"""What may be named to be installed, and what is refused before anything is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy.errors import NotFound, UsageError
from dokkupy.installing.reference import Reference, parse


@pytest.mark.parametrize(
    ("text", "requirement", "plugin", "pinned"),
    [
        ("mysql", "dokkupy-plugin-mysql", "mysql", False),
        ("core-nginx==1.2", "dokkupy-plugin-core-nginx==1.2", "core-nginx", True),
        ("dokkupy-plugin-mysql", "dokkupy-plugin-mysql", "mysql", False),
        ("Dokkupy_Plugin_MySQL >= 1", "dokkupy-plugin-mysql>=1", "mysql", True),
    ],
)
def test_a_name_is_that_of_a_plugins_distribution(
    text: str, requirement: str, plugin: str, pinned: bool
) -> None:
    assert parse(text) == Reference(
        kind="name", requirement=requirement, plugin=plugin, pinned=pinned
    )


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("git+https://example.com/x", "git+https://example.com/x"),
        ("https://example.com/x.git", "git+https://example.com/x.git"),
        ("git+ssh://git@example.com/x@v1", "git+ssh://git@example.com/x@v1"),
        (
            "git+https://example.com/x@main#subdirectory=plugins/y",
            "git+https://example.com/x@main#subdirectory=plugins/y",
        ),
        ("git+file:///srv/x", "git+file:///srv/x"),
    ],
)
def test_a_repository_is_read_over_what_is_encrypted_or_local(text: str, requirement: str) -> None:
    assert parse(text) == Reference(kind="git", requirement=requirement, pinned=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " mysql",
        "-e.",
        "--index-url=https://example.com",
        "mysql[extra]",
        "mysql; python_version > '3'",
        "mysql @ https://example.com/x.whl",
        "my_sql!",
        "a\nb",
        "https://example.com/x.whl",
        "http://example.com/x.git",
        "git+http://example.com/x",
        "git+git://example.com/x",
        "git+ext::sh -c id",
        "ext::sh -c id.git",
        "git+https://user:password@example.com/x",
        "git+https://token@example.com/x",
        "git+ssh://-oProxyCommand=id/x",
        "git+https://example.com/x#egg=y",
        "git+https://example.com/x#subdirectory=../..",
        "git+https:///x",
    ],
)
def test_what_is_none_of_the_four_or_not_safe_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_a_password_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(UsageError) as caught:
        parse("git+https://user:s3cret@example.com/x")
    assert "s3cret" not in f"{caught.value.message}{caught.value.hint}"


def test_a_path_is_a_wheel_or_a_project(tmp_path: Path) -> None:
    wheel = tmp_path / "x-1-py3-none-any.whl"
    wheel.touch()
    (tmp_path / "pyproject.toml").touch()
    assert parse(str(wheel)).kind == "wheel"
    assert parse(str(tmp_path)) == Reference(kind="project", requirement=str(tmp_path), pinned=True)


@pytest.mark.parametrize("name", ["nothing/here", "./nothing.whl", "empty/"])
def test_a_path_where_nothing_can_be_installed_is_not_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound):
        parse(name)
