"""A change of what is installed is taken back exactly, whatever became of it."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path

import pytest

from dokkupy.errors import Locked, PluginError
from dokkupy.installing.candidate import Candidate
from dokkupy.installing.distribution import Facts
from dokkupy.installing.environment import LOCK, Environment
from dokkupy.installing.install import mended, swapped
from dokkupy.installing.installer import Installer
from dokkupy.installing.swap import FOLDER, Backup, uninterrupted
from dokkupy.installing.user import User

NAME = "dokkupy-plugin-x"


def write(modules: Path, version: str, *extra: str) -> None:
    """Write a distribution as an installer leaves it."""
    info = f"dokkupy_plugin_x-{version}.dist-info"
    files = {
        "dokkupy_x/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n",
        **{f"dokkupy_x/{name}": "" for name in extra},
    }
    for path, text in files.items():
        (modules / path).parent.mkdir(parents=True, exist_ok=True)
        (modules / path).write_text(text)
    rows = [f"{path},," for path in (*files, f"{info}/RECORD")]
    (modules / info / "RECORD").write_text("\n".join(rows))


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Give an environment's folder of modules with a neighbour in it."""
    folder = tmp_path / "lib"
    (folder / "neighbour").mkdir(parents=True)
    (folder / "neighbour" / "__init__.py").write_text("")
    return folder


def test_an_upgrade_is_taken_back(tmp_path: Path, modules: Path) -> None:
    write(modules, "1.0", "old.py")
    before = tree(modules)
    backup = Backup.keep(tmp_path, modules, [NAME])
    (modules / "dokkupy_x" / "old.py").unlink()
    (modules / "dokkupy_plugin_x-1.0.dist-info" / "RECORD").unlink()
    (modules / "dokkupy_plugin_x-1.0.dist-info" / "METADATA").unlink()
    (modules / "dokkupy_plugin_x-1.0.dist-info").rmdir()
    write(modules, "2.0", "new.py", "deep/er.py")
    (modules / "dokkupy_x" / "__pycache__").mkdir()
    (modules / "dokkupy_x" / "deep" / "__pycache__").mkdir()
    backup.restore()
    assert tree(modules) == before
    assert not (tmp_path / FOLDER).exists()


def test_a_first_installation_leaves_nothing(tmp_path: Path, modules: Path) -> None:
    before = tree(modules)
    backup = Backup.keep(tmp_path, modules, [NAME])
    write(modules, "2.0", "deep/er.py")
    backup.restore()
    assert tree(modules) == before


def test_a_backup_that_was_never_finished_counts_for_nothing(tmp_path: Path, modules: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "0").write_text("half a file")
    assert not Backup(tmp_path, modules).is_left


class Clumsy(Installer):
    """Writes half of what it should, and fails."""

    def run(self, command: object, *, offline: bool = False) -> None:
        assert offline
        write(Path(self.program[0]), "2.0", "new.py")
        raise PluginError("the disk is full")


def environment(tmp_path: Path, modules: Path) -> Environment:
    installer = Clumsy(kind="pip", program=(str(modules),), user=User())
    return Environment(prefix=tmp_path, modules=modules, user=User(), installer=installer)


def candidate(before: str) -> Candidate:
    found = Facts(name=NAME, version="2.0", plugins={"x": "dokkupy_x"})
    return Candidate(plugin="x", facts=found, before=before, found=None, overlay=())  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["", "1.0"])
def test_when_the_installer_fails_all_is_as_it_was_and_the_error_says_so(
    tmp_path: Path, modules: Path, version: str
) -> None:
    if version:
        write(modules, version)
    before = tree(modules)
    with pytest.raises(PluginError) as caught:
        swapped(environment(tmp_path, modules), candidate(version), tmp_path)
    now = "1.0 is back" if version else "nothing of it is left"
    assert caught.value.message == f"{NAME} 2.0 was not installed, {now}: the disk is full"
    assert tree(modules) == before


def test_a_change_that_was_cut_short_is_mended_and_told(tmp_path: Path, modules: Path) -> None:
    write(modules, "1.0")
    before = tree(modules)
    Backup.keep(tmp_path, modules, [NAME])
    (modules / "dokkupy_x" / "__init__.py").write_text("half")
    there = environment(tmp_path, modules)
    assert [line.stream for line in mended(there)] == ["warning"]
    assert tree(modules) == before
    assert list(mended(there)) == []


def test_an_interruption_waits_until_the_change_is_made() -> None:
    done = []

    def change() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)  # to this thread, not to any
            done.append("change")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            change()
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["change"]


def test_an_interruption_that_another_thread_takes_waits_too() -> None:
    done: list[str] = []
    idle, stop = threading.Thread(target=lambda: stop.wait(20)), threading.Event()

    def change() -> None:
        with uninterrupted():
            signal.pthread_kill(idle.ident or 0, signal.SIGINT)
            assert seen.recv(1) == bytes([signal.SIGINT])  # Python has got it
            done.append("change")

    seen, told = socket.socketpair()
    seen.settimeout(20)
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno())
    idle.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            change()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(-1)
        stop.set()
        idle.join(20)
        seen.close()
        told.close()
    assert done == ["change"]


def test_two_do_not_install_at_once_and_the_second_learns_who_does(
    tmp_path: Path, modules: Path
) -> None:
    there = environment(tmp_path, modules)
    with there.locked(what="plugin install x", actor="ann"):
        refused: list[Locked] = []

        def second() -> None:
            try:
                with there.locked(what="plugin install y", actor="bob"):
                    raise AssertionError("two hold the lock")
            except Locked as error:
                refused.append(error)

        other = threading.Thread(target=second)
        other.start()
        other.join(10)
    (error,) = refused
    assert "plugin install x by ann" in error.message
    with there.locked(what="plugin install y", actor="bob"):
        assert (tmp_path / LOCK).read_text().count("bob") == 1
