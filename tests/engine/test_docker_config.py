from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from dokkupy.engine import RegistryLogin
from dokkupy.engine_docker.docker_config import proxy_args, pull_headers, write_with
from dokkupy.engine_docker.references import split_reference
from dokkupy.engine_docker.registry import build_headers, credentials, headers
from dokkupy.errors import EngineError

AUTHS = {"registry.example:5000": {"auth": base64.b64encode(b"me:pass").decode()}}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


def decoded(header: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(header))


def test_without_a_file_there_are_neither_credentials_nor_proxies(config: Path) -> None:
    assert not config.exists()
    assert (pull_headers("a/b"), build_headers(()), proxy_args()) == ({}, {}, {})


def test_credentials_go_to_their_own_registry(config: Path) -> None:
    config.write_text(json.dumps({"auths": AUTHS}))
    found = decoded(pull_headers("registry.example:5000/team/app")["X-Registry-Auth"])
    assert (found["username"], found["password"]) == ("me", "pass")
    assert pull_headers("other.example/app") == {}


def test_build_gets_all_credentials(config: Path) -> None:
    config.write_text(json.dumps({"auths": AUTHS}))
    assert list(decoded(build_headers(())["X-Registry-Config"])) == ["registry.example:5000"]


def test_proxies_become_arguments_in_both_spellings(config: Path) -> None:
    proxies = {"default": {"httpProxy": "http://proxy:1", "noProxy": "localhost"}}
    config.write_text(json.dumps({"proxies": proxies}))
    assert proxy_args() == {
        "HTTP_PROXY": "http://proxy:1",
        "http_proxy": "http://proxy:1",
        "NO_PROXY": "localhost",
        "no_proxy": "localhost",
    }


def test_file_that_is_no_json_is_named(config: Path) -> None:
    config.write_text("{")
    with pytest.raises(EngineError, match=r"config\.json") as caught:
        pull_headers("a/b")
    assert "docker login" in caught.value.hint


OURS = RegistryLogin(host="registry.example:5000", user="root", secret="ours")
HUB = RegistryLogin(host="docker.io", user="hub", secret="theirs")


def test_a_login_of_the_root_goes_before_the_user_s(config: Path) -> None:
    config.write_text(json.dumps({"auths": AUTHS}))
    found = decoded(headers([OURS, HUB], "registry.example:5000/app")["X-Registry-Auth"])
    assert (found["username"], found["password"]) == ("root", "ours")
    assert found["serveraddress"] == "registry.example:5000"
    for name in ("debian", "team/app"):
        assert decoded(headers([OURS, HUB], name)["X-Registry-Auth"])["username"] == "hub"
    assert headers([OURS], "other.example/app") == {}
    built = decoded(build_headers([OURS, HUB])["X-Registry-Config"])
    assert set(built) == {"registry.example:5000", "https://index.docker.io/v1/"}
    assert built["registry.example:5000"]["password"] == "ours"


def test_a_client_gets_the_user_s_credentials_and_the_root_s(config: Path, tmp_path: Path) -> None:
    theirs = {"other.example": AUTHS["registry.example:5000"]}
    config.write_text(json.dumps({"auths": theirs | AUTHS, "proxies": {"default": {}}}))
    folder = tmp_path / "made"
    folder.mkdir()
    write_with(folder, {OURS.host: credentials(OURS)})
    made = folder / "config.json"
    assert made.stat().st_mode & 0o777 == 0o600
    content = json.loads(made.read_text())
    pairs = {host: base64.b64decode(one["auth"]) for host, one in content["auths"].items()}
    assert pairs == {"other.example": b"me:pass", "registry.example:5000": b"root:ours"}
    assert "proxies" in content


def test_a_login_does_not_show_its_secret() -> None:
    assert "ours" not in repr(OURS)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("shop", ("shop", "latest")),
        ("host:5000/shop", ("host:5000/shop", "latest")),
        ("host:5000/shop:7", ("host:5000/shop", "7")),
        ("shop@sha256:ab", ("shop", "sha256:ab")),
        ("host:5000/shop:7@sha256:ab", ("host:5000/shop", "sha256:ab")),
    ],
)
def test_a_name_is_taken_apart(reference: str, expected: tuple[str, str]) -> None:
    assert split_reference(reference) == expected
