"""Names, hosts and numbers: what is taken is harmless wherever it goes, and means itself."""

from __future__ import annotations

import re
import shlex
import string
from pathlib import PurePosixPath

from hypothesis import strategies as st

from dokkupy.authorized_keys import KeyName, PublicKey
from dokkupy.moments import Duration, Moment
from dokkupy.names import AppName, EnvKey, HostName, ProcessName, Scope
from dokkupy.ports import Port
from dokkupy.remote import Address
from dokkupy.sizes import MemorySize

from .budget import hostile
from .claims import attempt
from .texts import anything, near

LETTERS = string.ascii_lowercase + string.digits
PEOPLE = string.ascii_letters + string.digits


@hostile(8, text=anything | near(LETTERS))
def test_an_app_name_is_a_label_a_folder_and_a_word(text: str) -> None:
    name = attempt(AppName.parse, text)
    if name is None:
        return
    assert AppName.parse(name) == name == text
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
    assert len(name) <= 63
    assert PurePosixPath(name).parts == (name,)
    assert shlex.quote(name) == name


@hostile(4, text=anything | near(PEOPLE))
def test_a_process_name_is_a_word(text: str) -> None:
    name = attempt(ProcessName.parse, text)
    if name is not None:
        assert ProcessName.parse(name) == name == text
        assert shlex.quote(name) == name
        assert not name.startswith("-")


@hostile(6, text=anything | near(PEOPLE + "_"))
def test_an_environment_key_is_an_identifier(text: str) -> None:
    key = attempt(EnvKey.parse, text)
    if key is not None:
        assert EnvKey.parse(key) == key == text
        assert key.isidentifier()
        assert key.isascii()


@hostile(8, text=anything | near(LETTERS) | st.lists(near(LETTERS, 20), max_size=9).map(".".join))
def test_a_host_is_labels_and_nothing_else(text: str) -> None:
    host = attempt(HostName.parse, text)
    if host is None:
        return
    assert HostName.parse(host) == host
    assert len(host) <= 253
    labels = host.removeprefix("*.").split(".")
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels)


@hostile(2, text=anything)
def test_a_scope_is_an_app_or_all(text: str) -> None:
    scope = attempt(Scope.parse, text)
    if scope is not None:
        assert scope == (text if text != "@global" else "")


@hostile(1, text=anything | near(string.digits + "smhdkgb"))
def test_sizes_durations_and_ports_are_numbers_within_bounds(text: str) -> None:
    for number in (
        attempt(MemorySize.parse, text),
        attempt(Duration.parse, text),
        attempt(Port.parse, text),
    ):
        if isinstance(number, Port):
            assert 0 < number < 65536
        elif number is not None:
            size = number.bytes if isinstance(number, MemorySize) else number.seconds
            assert 0 <= size < 2**80
    moment = attempt(Moment.parse, text)
    assert moment is None or moment >= 0 or text


@hostile(1, text=anything | near(PEOPLE))
def test_the_name_of_a_key_and_an_ssh_address_are_words(text: str) -> None:
    name = attempt(KeyName.parse, text)
    assert name is None or shlex.quote(name) == name
    address = attempt(Address.parse, text)
    if address is not None:
        assert Address.parse(str(address)) == address
        assert str(address).isascii()
        assert not str(address).startswith("-")


@hostile(1, text=anything | st.tuples(st.just("ssh-ed25519 "), anything).map("".join))
def test_a_public_key_is_one_line_without_options(text: str) -> None:
    key = attempt(PublicKey.parse, text)
    if key is not None:
        assert str(key).isprintable()
        assert str(key).startswith(("ssh-", "ecdsa-", "sk-"))
