"""How ssh servers are named, and what ssh is told of those that are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy import known_hosts
from dokkupy.errors import UsageError
from dokkupy.known_hosts import SshHost
from dokkupy.paths import Paths
from dokkupy.repositories import RepositoryUrl


@pytest.mark.parametrize(
    ("text", "shown", "known_as"),
    [
        ("github.com", "github.com", "github.com"),
        ("GitHub.com:22", "github.com", "github.com"),
        ("git.example.com:2222", "git.example.com:2222", "[git.example.com]:2222"),
    ],
)
def test_a_host_is_known_by_its_name_and_any_other_port_than_the_usual(
    text: str, shown: str, known_as: str
) -> None:
    host = SshHost.parse(text)
    assert (str(host), host.known_as) == (shown, known_as)


@pytest.mark.parametrize(
    "text",
    ["", "-oProxyCommand=x", "a b", "host:", "host:0", "host:70000", "host\n", "u@host", "*"],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        SshHost.parse(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("ssh://git@example.com:2222/shop.git", "example.com:2222"),
        ("ssh://example.com/~ann/shop", "example.com"),
        ("git@example.com:team/shop.git", "example.com"),
        ("example.com:shop", "example.com"),
    ],
)
def test_a_url_tells_which_host_has_to_be_trusted(url: str, host: str) -> None:
    found = RepositoryUrl.parse(url).ssh_host
    assert found == host
    assert str(SshHost.parse(found)) == host


def test_a_root_may_lie_anywhere(tmp_path: Path) -> None:
    words = known_hosts.options(Paths(tmp_path / "a root, 100%"))
    (files,) = (word for word in words if word.startswith("UserKnownHostsFile="))
    assert files.endswith(f'="{tmp_path}/a root, 100%%/ssh/known_hosts" ~/.ssh/known_hosts')
    assert "StrictHostKeyChecking=yes" in words
