"""What an ssh key may ask for, by value."""

from __future__ import annotations

import base64
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy import authorized_keys, ssh
from dokkupy.authorized_keys import KeyName, PublicKey
from dokkupy.errors import DokkupyError, NotFound, Refused, StateError, UsageError
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.remote import Address, autocreates, keep_autocreate
from dokkupy.store import SshKey, Store

BODY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()
PUBLIC = f"ssh-ed25519 {BODY}"


@pytest.mark.parametrize(
    "asked", ["git-receive-pack 'hello'", "git-receive-pack '/hello.git'", "git-upload-pack hello/"]
)
def test_git_asks_for_an_app_by_name(asked: str) -> None:
    assert ssh.requested_app(ssh.split(asked)) == "hello"


@pytest.mark.parametrize(
    "asked",
    [
        "git-receive-pack",
        "git-receive-pack 'hello' 'other'",
        "git-receive-pack '../hello'",
        "git-receive-pack '/var/lib/dokkupy/git/hello.git'",
        "git-receive-pack '--help'",
        "git-receive-pack 'hello\nother'",
        "git-receive-pack ''",
        "git-receive-pack '//hello'",
    ],
)
def test_git_gets_no_other_path(asked: str) -> None:
    with pytest.raises(UsageError):
        ssh.requested_app(ssh.split(asked))


@given(text=st.text())
def test_whatever_git_asks_for_is_an_app_name_or_refused(text: str) -> None:
    try:
        words = ssh.split(f"git-receive-pack {shlex.quote(text)}")
        app = ssh.requested_app(words)
    except UsageError:
        return
    assert AppName.parse(app) == app


def test_nobody_gets_a_shell() -> None:
    with pytest.raises(Refused, match="not to a shell"):
        ssh.split("  ")


@pytest.mark.parametrize("asked", ["--root /etc apps list", "--root=/etc apps list", "-x", "--"])
def test_options_of_the_program_are_not_for_the_client(asked: str) -> None:
    with pytest.raises(Refused):
        ssh.split(asked)


def test_an_unfinished_quotation_is_refused() -> None:
    with pytest.raises(UsageError, match="No closing quotation"):
        ssh.split("apps create 'x")


def test_only_what_belongs_to_a_session_goes_on_to_git_and_operations() -> None:
    sent = {
        "PATH": "/bin", "LC_ALL": "C.UTF-8", "LC_X": "a\nb", "GIT_CONFIG_COUNT": "1", "ENV": "/x",
        "DOKKUPY_PLUGINS": "evil", "PYTHONPATH": "/evil", "LD_PRELOAD": "/evil", "HOME": "/home/d",
    }  # fmt: skip
    assert ssh.clean(sent) == {"PATH": "/bin", "LC_ALL": "C.UTF-8", "HOME": "/home/d"}


def test_operations_run_on_the_root_of_the_key() -> None:
    command = ssh.command_line(Path("/r"), ["apps", "list"])
    assert command[1:] == ["-P", "-m", "dokkupy", "--root", "/r", "apps", "list"]


def test_a_fetch_makes_no_app(paths: Paths) -> None:
    with pytest.raises(NotFound, match="App hello does not exist"):
        ssh.find_repository(paths.root, AppName("hello"), "git-upload-pack", {})
    assert not list(paths.git.iterdir())


def test_a_push_makes_no_app_when_that_is_off(paths: Paths) -> None:
    store = Store(paths.state_db)
    assert autocreates(store.meta)
    keep_autocreate(store.meta, "off")
    with pytest.raises(NotFound) as caught:
        ssh.find_repository(paths.root, AppName("hello"), "git-receive-pack", {})
    assert caught.value.hint == "Make it: dokkupy apps create hello"
    assert not list(paths.git.iterdir())
    with pytest.raises(UsageError):
        keep_autocreate(store.meta, "maybe")
    store.close()


def test_an_app_without_its_repository_gets_it_back(paths: Paths) -> None:
    store = Store(paths.state_db)
    store.apps.create(AppName("hello"))
    path = ssh.find_repository(paths.root, AppName("hello"), "git-receive-pack", {})
    assert (path / "hooks" / "proc-receive").exists()
    store.close()


@pytest.mark.parametrize("kind", [("ed25519",), ("rsa", "-b", "2048"), ("ecdsa", "-b", "384")])
def test_a_key_has_the_fingerprint_that_ssh_keygen_gives_it(
    tmp_path: Path, kind: tuple[str, ...]
) -> None:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(file), "-t", *kind], check=True)
    key = PublicKey.parse(file.with_suffix(".pub").read_text())
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"],
        input=f"{key}\n",
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split()
    assert key.fingerprint == shown[1]
    with pytest.raises(UsageError, match="private key") as caught:
        PublicKey.parse(file.read_text())
    assert file.read_text().splitlines()[1] not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "ssh-ed25519",
        f"ssh-ed25519 {BODY[:-4]}",
        f"ssh-ed25519 {BODY}!",
        f"ssh-rsa {BODY}",
        f'command="sh" {PUBLIC}',
        f"{PUBLIC}\n{PUBLIC}",
        f"ssh-dss {BODY}",
        f"{PUBLIC} {'x' * authorized_keys.LONGEST_KEY}",
    ],
)
def test_what_is_not_one_public_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        PublicKey.parse(text)


def test_a_comment_cannot_bring_a_second_line() -> None:
    key = PublicKey.parse(f"\n{PUBLIC} ann@home with blanks\r\n")
    assert str(key) == PUBLIC


@pytest.mark.parametrize("name", ["ann", "ann@home", "a.b_c-d", "1"])
def test_a_key_may_be_named_like_its_holder(name: str) -> None:
    assert KeyName.parse(name) == name


@pytest.mark.parametrize("name", ["", "-x", "a b", 'a"', "a;b", "a\n", "$(x)", "x" * 64, "ü"])
def test_a_key_name_cannot_break_the_file_that_names_it(name: str) -> None:
    with pytest.raises(UsageError):
        KeyName.parse(name)


def row(name: str) -> SshKey:
    return SshKey(name=name, fingerprint="SHA256:x", public=PUBLIC, added_at=0.0)


def test_the_file_for_sshd_lets_each_key_run_the_entry_and_nothing_else() -> None:
    assert authorized_keys.render([row("ann"), row("bob")], Path("/var/lib/d/ssh/entry")) == (
        f'command="/var/lib/d/ssh/entry ann",restrict {PUBLIC} ann\n'
        f'command="/var/lib/d/ssh/entry bob",restrict {PUBLIC} bob\n'
    )


def test_an_odd_root_is_quoted_for_the_shell_and_for_the_file() -> None:
    rendered = authorized_keys.render([row("ann")], Path('/a "$(id)" b/entry'))
    assert rendered.startswith('command="\'/a \\"$(id)\\" b/entry\' ann",restrict ')
    with pytest.raises(StateError):
        authorized_keys.render([row("ann")], Path("/a\nb/entry"))


def test_the_files_for_sshd_are_for_their_owner_alone(paths: Paths) -> None:
    authorized_keys.write(paths, [row("ann")])
    authorized_keys.write(paths, [row("bob")])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in paths.ssh.iterdir()}
    assert modes == {"authorized_keys": 0o600, "entry": 0o700}
    assert "bob" in (paths.ssh / "authorized_keys").read_text()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("dokkupy@example.com", "ssh://dokkupy@example.com/hello"),
        ("dokkupy@example.com:22", "ssh://dokkupy@example.com/hello"),
        ("d@[::1]:2222", "ssh://d@[::1]:2222/hello"),
    ],
)
def test_an_address_becomes_what_git_push_takes(text: str, url: str) -> None:
    assert Address.parse(text).url(AppName("hello")) == url


@pytest.mark.parametrize(
    "text",
    ["", "example.com", "-oProxyCommand=x@h", "a@h:0", "a@h:65536", "a@h x", "a@-h", "a@h\n"],
)
def test_what_ssh_would_not_take_is_no_address(text: str) -> None:
    with pytest.raises(DokkupyError):
        Address.parse(text)
