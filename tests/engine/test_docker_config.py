from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from dokkupy.engine_docker.docker_config import build_headers, proxy_args, pull_headers
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
    assert (pull_headers("a/b"), build_headers(), proxy_args()) == ({}, {}, {})


def test_credentials_go_to_their_own_registry(config: Path) -> None:
    config.write_text(json.dumps({"auths": AUTHS}))
    found = decoded(pull_headers("registry.example:5000/team/app")["X-Registry-Auth"])
    assert (found["username"], found["password"]) == ("me", "pass")
    assert pull_headers("other.example/app") == {}


def test_build_gets_all_credentials(config: Path) -> None:
    config.write_text(json.dumps({"auths": AUTHS}))
    assert list(decoded(build_headers()["X-Registry-Config"])) == ["registry.example:5000"]


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
