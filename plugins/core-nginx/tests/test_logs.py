from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy.testing import client
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import route
from dokkupy.testing.patience import eventually
from dokkupy_core_nginx import folder, logs
from dokkupy_core_nginx.settings import DEFAULTS, Settings
from dokkupy_core_nginx.testing import NginxBench


def test_gives_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"1\n2\n\xff3\n")
    assert list(logs.lines(log, 2, follow=False)) == ["2", "\ufffd3"]
    assert list(logs.lines(tmp_path / "missing.log", 2, follow=False)) == []


def test_fewer_lines_than_none_are_none(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    assert list(logs.lines(log, -1, follow=False)) == []


def test_follows_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    with log.open("a", buffering=1) as writer:
        following = logs.lines(log, 1, follow=True)
        assert next(following) == "old"
        writer.write("ne")
        writer.flush()
        writer.write("w\nnext\n")
        assert [next(following), next(following)] == ["new", "next"]


def test_follows_into_the_file_that_takes_a_logs_place(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    following = logs.lines(log, 1, follow=True)
    assert next(following) == "old"
    with log.open("a") as writer:
        writer.write("last\n")
    log.replace(tmp_path / "a.log.1")
    log.write_text("fresh\n")
    assert [next(following), next(following)] == ["last", "fresh"]


def test_an_apps_errors_are_told_from_the_others(bench: NginxBench, one: Backend) -> None:
    bench.settings["one"] = Settings(proxy_read_timeout="50ms")
    routes = [route("one", one.endpoint, hosts=("one.test", "1.test")), route("two", one.endpoint)]
    bench.proxy.apply(routes)
    assert client.get(bench.port, "1.test", "/slow?seconds=0.2").status == 504
    log = bench.folder / "logs" / "error.log"
    eventually(lambda: "timed out" in log.read_text())
    [line] = logs.lines(log, 9, follow=False, keep=logs.about(["one.test", "1.test"]))
    assert "upstream timed out" in line
    assert list(logs.lines(log, 9, follow=False, keep=logs.about(["two.test"]))) == []


def test_a_request_cannot_pass_for_another_apps_error() -> None:
    line = (
        b"[error] 1#1: *1 upstream timed out, client: 127.0.0.1, server: one.test, "
        b'request: "GET /, client: 1, server: two.test, request: HTTP/1.1", host: "one.test"\n'
    )
    assert logs.about(["one.test"])(line)
    assert not logs.about(["two.test"])(line)


def test_a_log_that_grew_too_large_is_put_aside(
    bench: NginxBench, one: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.settings["one"] = Settings(access_log="on")
    bench.proxy.apply([route("one", one.endpoint)])
    log = bench.folder / "logs" / "access" / "one.log"
    client.get(bench.port, "one.test", "/before")
    eventually(lambda: log.stat().st_size)
    monkeypatch.setattr(folder, "LOG_LIMIT", 10)
    bench.proxy.apply([route("one", one.endpoint)])
    eventually(log.exists)
    client.get(bench.port, "one.test", "/after")
    eventually(lambda: "/after" in log.read_text())
    assert "/before" not in log.read_text()
    assert "/before" in log.with_suffix(".log.1").read_text()


def test_the_logs_of_an_app_go_with_it(bench: NginxBench, one: Backend) -> None:
    bench.settings["one"] = Settings(access_log="on")
    bench.proxy.apply([route("one", one.endpoint)])
    bench.settings["one"] = DEFAULTS
    bench.proxy.apply([route("one", one.endpoint)])
    log = bench.folder / "logs" / "access" / "one.log"
    assert log.exists()
    bench.proxy.apply([])
    assert not log.exists()
