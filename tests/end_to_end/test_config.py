"""ACCEPTANCE B: config, through the command line and into the container."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import EXAMPLES, Root, docker

pytestmark = pytest.mark.engine

VALUES = {
    "SPACES": "  two  and trailing  ",
    "QUOTES": 'it\'s "quoted" `so` \\ back',
    "NEWLINES": "one\ntwo\r\nthree\n",
    "DOLLARS": "$HOME ${PATH} $(id) %s",
    "EQUALS": "a=b==c",
    "EMOJI": "caf\u00e9 \U0001f680",
    "EMPTY": "",
    "LARGE": "0123456789abcdef" * 4096,
}


@pytest.fixture(scope="module")
def app(root: Root) -> str:
    return root.deployed(EXAMPLES / "probe")[0]


def test_values_are_the_same_to_the_byte_in_store_and_container(root: Root, app: str) -> None:
    root.cli("config", "set", app, *(f"{key}={value}" for key, value in VALUES.items()))
    for key, value in VALUES.items():
        assert root.cli("config", "get", app, key).out == f"{value}\n", key
        assert root.json("config", "get", app, key) == value
        assert root.get(f"{app}.localhost", f"/env/{key}").body == value, key


@pytest.mark.parametrize("pair", ["1A=x", "A-B=x", "=x", "A", "A B=x"])
def test_a_bad_pair_is_refused_and_nothing_changes(root: Root, app: str, pair: str) -> None:
    before = root.json("config", "show", app)
    releases = root.json("releases", "list", app)
    root.cli("config", "set", app, "GOOD=1", "--", pair, code=2)
    root.cli("config", "set", app, code=2)
    assert root.json("config", "show", app) == before
    assert root.json("releases", "list", app) == releases


def test_an_app_s_value_wins_over_the_global_one(root: Root, app: str) -> None:
    root.cli("config", "set", "--global", "WHOSE=global")
    assert root.get(f"{app}.localhost", "/env/WHOSE").body == "global"
    root.cli("config", "set", app, "WHOSE=app")
    assert root.get(f"{app}.localhost", "/env/WHOSE").body == "app"
    chain = root.json("config", "explain", app, "WHOSE")
    assert [(row["origin"], row["value"], row["wins"]) for row in chain] == [
        ("config", "app", True),
        ("global config", "global", False),
    ]
    root.cli("config", "unset", app, "WHOSE")
    assert root.get(f"{app}.localhost", "/env/WHOSE").body == "global"
    root.cli("config", "unset", "--global", "WHOSE", "--no-restart")


@pytest.mark.parametrize("form", ["env", "json"])
def test_what_is_exported_can_be_imported_to_the_byte(root: Root, app: str, form: str) -> None:
    small = [f"{key}={value}" for key, value in VALUES.items() if key != "LARGE"]
    root.cli("config", "set", app, *small, "--no-restart")
    text = root.cli("config", "export", app, "--format", form).out
    other = root.create()
    root.cli("config", "set", other, "OLD=1")
    root.cli("config", "import", other, "--replace", stdin=text.encode())
    assert root.json("config", "show", other) == root.json("config", "show", app)


def test_an_export_for_a_shell_is_read_by_a_shell(root: Root) -> None:
    other = root.create()
    value = "it's $HOME\nand `more`"
    root.cli("config", "set", other, f"V={value}")
    text = root.cli("config", "export", other, "--format", "shell").out
    read = subprocess.run(
        ["sh", "-c", text + '\nprintf %s "$V"'], capture_output=True, text=True, check=True
    )
    assert read.stdout == value


def test_several_pairs_make_one_release(root: Root, app: str) -> None:
    before = root.json("releases", "list", app)[0]["number"]
    done = root.json("config", "set", app, "ONE=1", "TWO=2")
    assert done["keys"] == ["ONE", "TWO"]
    assert root.json("releases", "list", app)[0]["number"] == before + 1
    assert root.json("config", "set", app, "ONE=1")["deployments"] == []


def test_no_restart_leaves_the_containers_alone(root: Root, app: str) -> None:
    before = root.containers(app)
    root.cli("config", "set", app, "LATER=1", "--no-restart")
    assert root.containers(app) == before
    assert root.get(f"{app}.localhost", "/env/LATER").status == 404


def test_a_change_that_fails_its_checks_is_taken_back(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    done = root.cli("config", "set", name, "PYTHONHOME=/nowhere", code=11)
    assert "web.1 ended with exit code 1" in done.err
    assert root.get(f"{name}.localhost").status == 200
    assert root.json("config", "show", name) == []
    assert [row["state"] for row in root.json("releases", "list", name)] == ["failed", "live"]


def test_a_port_that_is_none_is_refused_before_anything_starts(root: Root, app: str) -> None:
    done = root.cli("config", "set", app, "PORT=http", code=2)
    assert "PORT" in done.err
    assert "PORT" not in [row["key"] for row in root.json("config", "show", app)]


def test_a_secret_shows_in_no_log_event_argument_or_image(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    secret = "s3cr3t-b9d1f0"
    root.cli("config", "import", name, stdin=f"TOKEN={secret}\n".encode())
    assert root.get(f"{name}.localhost", "/env/TOKEN").body == secret
    for text in (
        root.cli("events", "--json").out,
        root.cli("logs", name).out,
        root.cli("releases", "show", name, "2", "--json").out,
        root.cli("releases", "diff", name, "1", "2", "--json").out,
    ):
        assert secret not in text
    image = root.json("releases", "show", name, "2")["image"]
    for words in (["history", "--no-trunc", image], ["image", "inspect", image]):
        assert secret not in docker(*words)
    for file in root.path.rglob("*"):
        if file.is_file() and "state.db" not in file.name:
            assert secret.encode() not in file.read_bytes(), file
