"""Starting programs with the right to ports below 1024."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dokkupy.host.low_ports import CAPABILITY
from dokkupy.launching import CAPABILITIES, launched

WORDS = ["nginx", "-t"]


def test_without_a_launcher_words_stay_as_they_are(tmp_path: Path) -> None:
    assert launched(None, WORDS) == WORDS
    assert launched(tmp_path / "absent", WORDS) == WORDS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file a capability")
def test_a_launcher_passes_its_one_capability_on_as_long_as_it_has_it(tmp_path: Path) -> None:
    launcher = tmp_path / "low-ports"
    launcher.write_bytes(b"\x7fELF")
    launcher.chmod(0o500)
    assert launched(launcher, WORDS) == WORDS
    os.setxattr(launcher, CAPABILITIES, CAPABILITY)
    passed_on = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]
    assert launched(launcher, WORDS) == [str(launcher), *passed_on, *WORDS]
    os.chown(launcher, 0, 0)  # as restoring a backup does, which takes the capability away
    assert launched(launcher, WORDS) == WORDS
