from __future__ import annotations

import io
from pathlib import Path

import pytest

from dokkupy.errors import NotFound, ProxyRefused, UsageError
from dokkupy.names import AppName
from dokkupy.operations.registry import Stdin
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy
from dokkupy_maintenance import operations
from dokkupy_maintenance.directives import LONGEST_PAGE

from .conftest import APP


def rendered(platform: Platform) -> str:
    return platform.hooks.nginx_render(app=APP).get("maintenance", "")


def piped(page: bytes) -> Stdin:
    return Stdin(io.BytesIO(page))


def test_it_is_off_at_first(platform: Platform) -> None:
    (shown,) = operations.report(platform)
    assert (shown.on, shown.since, shown.own_page) == (False, None, False)
    assert rendered(platform) == ""


def test_on_and_off_are_served_at_once(platform: Platform, fake_proxy: FakeProxy) -> None:
    shown = operations.on(platform, APP, retry_after=60)
    assert shown.on
    assert "Retry-After 60" in rendered(platform)
    assert "dokkupy maintenance off blog" in shown.text()
    assert not operations.off(platform, APP).on
    assert rendered(platform) == ""
    assert fake_proxy.changed == [APP, APP]


def test_what_is_on_already_stays_on_since_then(platform: Platform, fake_proxy: FakeProxy) -> None:
    first = operations.on(platform, APP)
    assert operations.on(platform, APP) == first
    assert operations.on(platform, APP, retry_after=1).since == first.since
    operations.off(platform, APP)
    operations.off(platform, APP)
    assert len(fake_proxy.applied) == 3


@pytest.mark.parametrize("seconds", [0, -1, operations.LONGEST_WAIT + 1])
def test_a_time_to_wait_that_makes_no_sense_is_refused(platform: Platform, seconds: int) -> None:
    with pytest.raises(UsageError) as refusal:
        operations.on(platform, APP, retry_after=seconds)
    assert refusal.value.hint
    assert rendered(platform) == ""


def test_a_refused_change_is_taken_back(platform: Platform, fake_proxy: FakeProxy) -> None:
    operations.page(platform, APP, stdin=piped(b"one"))
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.on(platform, APP)
    with pytest.raises(ProxyRefused):
        operations.page(platform, APP, stdin=piped(b"two"))
    assert rendered(platform) == ""
    fake_proxy.refused.clear()
    operations.on(platform, APP)
    assert '"one"' in rendered(platform)


def test_a_page_comes_from_a_file_or_a_pipe_and_an_empty_one_is_the_usual(
    platform: Platform, tmp_path: Path
) -> None:
    operations.on(platform, APP)
    file = tmp_path / "page.html"
    file.write_text("<h1>bücher</h1>")
    assert operations.page(platform, APP, file).own_page
    assert "<h1>bücher</h1>" in rendered(platform)
    assert not operations.page(platform, APP, stdin=piped(b"")).own_page
    assert "is being worked on" in rendered(platform)


@pytest.mark.parametrize("page", [b"x" * (LONGEST_PAGE + 1), b"\xff\xfe", b"a\0b"])
def test_what_is_no_page_is_refused(platform: Platform, page: bytes) -> None:
    with pytest.raises(UsageError) as refusal:
        operations.page(platform, APP, stdin=piped(page))
    assert refusal.value.hint
    assert not operations.report(platform, APP)[0].own_page


def test_a_folder_is_no_page(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a file"):
        operations.page(platform, APP, tmp_path)


def test_an_app_that_is_not_there_is_named(platform: Platform) -> None:
    for call in (operations.on, operations.off, operations.page):
        with pytest.raises(NotFound, match="nobody"):
            call(platform, AppName("nobody"))


def test_events_tell_when_it_began_and_ended(platform: Platform) -> None:
    operations.on(platform, APP)
    operations.on(platform, APP, retry_after=1)
    operations.off(platform, APP)
    dump = "\n".join(platform.store.database.connection.iterdump())
    assert dump.count("'maintenance.on'") == 1
    assert dump.count("'maintenance.off'") == 1
