"""What sshd's own settings mean for the holders of keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy.host.ssh_server import objections, parse, port_of

HOME = Path("/var/lib/dokkupy")
DEFAULTS = """\
port 22
pubkeyauthentication yes
forcecommand none
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
"""


def told(more: str) -> list[str]:
    settings = parse(DEFAULTS + more)
    return [message for message, _ in objections(settings, "dokkupy", ["dokkupy", "docker"], HOME)]


def test_debians_own_settings_are_fine() -> None:
    assert told("") == []
    assert port_of(parse(DEFAULTS)) == 22


@pytest.mark.parametrize(
    "fine",
    [
        "allowusers ann\nallowusers dokkupy\n",
        "allowusers dok*\n",
        "allowusers dokkupy@10.0.0.0/8\n",
        "allowgroups docker\n",
        "denyusers ann\ndenygroups staff\n",
    ],
)
def test_lists_that_let_it_in_are_fine(fine: str) -> None:
    assert told(fine) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("allowusers ann\nallowusers ben\n", "sshd lets in only certain users."),
        ("allowgroups staff\n", "sshd lets in only certain groups."),
        ("denyusers dok*\n", "sshd shuts out dokkupy by its user."),
        ("denygroups docker\n", "sshd shuts out dokkupy by its group."),
    ],
)
def test_lists_that_shut_it_out_are_told(setting: str, message: str) -> None:
    assert told(setting) == [message]


@pytest.mark.parametrize(
    "place", [".ssh/authorized_keys", "%h/.ssh/authorized_keys", "/etc/k/%u .ssh/authorized_keys"]
)
def test_keys_are_found_however_the_place_is_spelled(place: str) -> None:
    settings = parse(f"authorizedkeysfile {place}\n")
    assert list(objections(settings, "dokkupy", ["dokkupy"], HOME)) == []


def test_another_place_for_keys_is_told_with_the_line_that_adds_ours() -> None:
    settings = parse("authorizedkeysfile /etc/ssh/keys/%u\n")
    ((message, command),) = objections(settings, "dokkupy", ["dokkupy"], HOME)
    assert message == "sshd looks for keys in /etc/ssh/keys/%u alone."
    assert command == (
        "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys, in /etc/ssh/sshd_config"
    )


def test_a_server_without_keys_or_with_a_command_of_its_own_is_told() -> None:
    settings = parse("pubkeyauthentication no\nforcecommand internal-sftp -d /srv\n")
    messages = [message for message, _ in objections(settings, "dokkupy", ["dokkupy"], HOME)]
    assert messages == [
        "sshd takes no public keys.",
        "sshd runs `internal-sftp -d /srv` for dokkupy instead of the command of a key.",
    ]
