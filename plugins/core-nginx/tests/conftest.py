from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from dokkupy.testing.backend import Backend
from dokkupy_core_nginx.testing import NginxBench

NewBench: TypeAlias = Callable[[], NginxBench]


@pytest.fixture
def new_bench(tmp_path: Path) -> Iterator[NewBench]:
    benches: list[NginxBench] = []

    def new() -> NginxBench:
        benches.append(NginxBench(tmp_path / f"proxy{len(benches)}"))
        return benches[-1]

    yield new
    for bench in benches:
        bench.proxy.stop()


@pytest.fixture
def bench(new_bench: NewBench) -> NginxBench:
    return new_bench()


@pytest.fixture
def one() -> Iterator[Backend]:
    with Backend("one") as backend:
        yield backend
