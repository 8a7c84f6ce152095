from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dokkupy.testing.patience import eventually
from dokkupy_core_nginx import processes
from dokkupy_core_nginx.testing import NginxBench

PROGRAM = "import sys; sys.stdin.read()"


def test_a_child_that_has_no_title_yet_counts_as_a_worker() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE) as child:
        eventually(lambda: processes.title(child.pid))  # empty until exec(2) is through
        assert child.pid in processes.workers_of(os.getpid())
        assert not processes.is_ready(child.pid)
        child.communicate(b"")
    assert child.pid not in processes.workers_of(os.getpid())


def test_a_worker_that_drains_is_none() -> None:
    command = [processes.DRAINING]
    with subprocess.Popen(command, executable=sys.executable, stdin=subprocess.PIPE) as child:
        eventually(lambda: processes.title(child.pid) == processes.DRAINING)
        assert child.pid not in processes.workers_of(os.getpid())
        child.communicate(b"")


def test_children_are_found_without_the_kernels_list_of_them(
    bench: NginxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.proxy.apply([])
    pid = bench.pid
    workers = processes.workers_of(pid)
    assert len(workers) == len(os.sched_getaffinity(0))
    read_text = Path.read_text

    def without_children(path: Path, encoding: str | None = None) -> str:
        if path.name == "children":
            raise FileNotFoundError
        return read_text(path, encoding)

    monkeypatch.setattr(Path, "read_text", without_children)
    assert processes.workers_of(pid) == workers


def test_a_process_that_is_gone_has_no_title() -> None:
    assert processes.title(2**30) == ""


def test_waiting_ends_with_the_condition_or_the_time() -> None:
    answers = iter([False, False, True])
    assert processes.until(lambda: next(answers), 5)
    assert not processes.until(lambda: False, 0.01)
