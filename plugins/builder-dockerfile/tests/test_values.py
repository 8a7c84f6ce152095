from __future__ import annotations

import pytest

from dokkupy.errors import BuildFailed
from dokkupy.names import AppName
from dokkupy.types import Environment, EnvLayer, Rank
from dokkupy_builder_dockerfile.builder import public_values, undeclared, wanted_secrets
from dokkupy_builder_dockerfile.dockerfile import Dockerfile, Secret

A = AppName("a")


def layer(rank: Rank, *, public: bool, **values: str) -> EnvLayer:
    return EnvLayer(rank=rank, origin="test", values=Environment(values), public=public)


def test_only_public_layers_are_public_and_the_strongest_wins() -> None:
    layers = [
        layer(Rank.BUILD, public=True, CURL_TIMEOUT="60"),
        layer(Rank.DEFAULT, public=True, CURL_TIMEOUT="600", CURL_CONNECT_TIMEOUT="90"),
        layer(Rank.APP, public=False, CURL_CONNECT_TIMEOUT="1", PASSWORD="x"),
    ]
    assert public_values(layers) == {"CURL_TIMEOUT": "60", "CURL_CONNECT_TIMEOUT": "90"}


def test_what_a_person_chose_and_the_dockerfile_does_not_declare_is_named() -> None:
    layers = [
        layer(Rank.DEFAULT, public=True, CURL_CONNECT_TIMEOUT="90"),
        layer(Rank.BUILD, public=True, CURL_TIMEOUT="60", GREETING="hi", HTTP_PROXY="http://p"),
        layer(Rank.APP, public=False, PASSWORD="x"),
    ]
    (line,) = undeclared(layers, Dockerfile.parse("FROM x\nARG GREETING\n"))
    assert line == (
        "CURL_TIMEOUT is not declared, so this build does not see it: "
        "add `ARG CURL_TIMEOUT` to the Dockerfile."
    )


def test_only_secrets_that_the_dockerfile_mounts_are_given() -> None:
    config = {"TOKEN": "t", "PASSWORD": "p"}
    wanted = [Secret(id="TOKEN", required=True), Secret(id="OTHER", required=False)]
    assert wanted_secrets(wanted, config, A) == {"TOKEN": "t"}


def test_a_secret_that_the_config_lacks_fails_with_the_command_to_set_it() -> None:
    with pytest.raises(BuildFailed, match="mounts the secret 'TOKEN'") as caught:
        wanted_secrets([Secret(id="TOKEN", required=True)], {"OTHER": "value"}, A)
    assert caught.value.hint.startswith("dokkupy config set a TOKEN=VALUE")
    assert "value" not in caught.value.message + caught.value.hint


def test_a_secret_whose_id_is_no_config_key_says_that_it_must_be_one() -> None:
    with pytest.raises(BuildFailed, match="'npm-token'") as caught:
        wanted_secrets([Secret(id="npm-token", required=True)], {}, A)
    assert "the id of a secret is a config key" in caught.value.hint
