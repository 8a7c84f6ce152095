from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy_stack.npm_settings import config_files, read_settings, render


def read(tmp_path: Path, text: str, **environ: str) -> dict[str, str]:
    file = tmp_path / "npmrc"
    file.write_text(text)
    return read_settings([tmp_path / "missing", file], environ)


def test_the_registry_and_the_proxies_are_taken_over(tmp_path: Path) -> None:
    text = "# ours\nregistry = https://npm.example/\nproxy=http://p.example:1\nloglevel=warn\n"
    found = read(tmp_path, text, NPM_CONFIG_HTTPS_PROXY="http://q.example:2")
    assert found == {
        "registry": "https://npm.example/",
        "proxy": "http://p.example:1",
        "https-proxy": "http://q.example:2",
    }


@pytest.mark.parametrize(
    "line",
    [
        "registry=https://user:word@npm.example/",
        "registry=file:///srv/npm",
        "//npm.example/:_authToken=word",
        "cafile=/home/me/ca.pem",
    ],
)
def test_secrets_and_files_of_the_machine_are_not(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, line) == {}


def test_the_environment_beats_the_files(tmp_path: Path) -> None:
    found = read(tmp_path, "registry=https://a.example/", npm_config_registry="https://b.example/")
    assert found == {"registry": "https://b.example/"}


def test_the_users_own_file_comes_last() -> None:
    assert config_files({"HOME": "/home/me"})[-1] == Path("/home/me/.npmrc")


def test_the_image_has_its_own_certificates() -> None:
    assert "cafile=/bundle.crt\n" in render({"cafile": "/other"}, bundle="/bundle.crt")
