from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from dokkupy import routes
from dokkupy.errors import Conflict, NotFound, ProxyRefused, UsageError
from dokkupy.names import AppName, HostName
from dokkupy.operations.registry import Stdin
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy
from dokkupy.types import Certificate
from dokkupy_certs import keeping, operations

from .authority import DAY, Pair
from .conftest import APP

MINE = Pair.make("blog.test", parent=(AUTHORITY := Pair.make(subject="authority")))
NEXT = Pair.make("blog.test", "www.blog.test", parent=AUTHORITY)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return written(tmp_path, MINE)


def written(folder: Path, pair: Pair) -> tuple[Path, Path]:
    chain, key = folder / "given.crt", folder / "given.key"
    chain.write_bytes(pair.pem)
    key.write_bytes(pair.key)
    return chain, key


def piped(pair: Pair) -> Stdin:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in (("server.crt", pair.pem), ("server.key", pair.key)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    archive.seek(0)
    return Stdin(archive)


def routed(fake_proxy: FakeProxy) -> Certificate | None:
    return next(route.certificate for route in fake_proxy.applied[-1] if route.app == APP)


def folders(platform: Platform) -> list[Path]:
    return list((platform.paths.root / "certs").iterdir())


def test_files_are_served_at_once(
    platform: Platform, fake_proxy: FakeProxy, files: tuple[Path, Path]
) -> None:
    shown = operations.add(platform, APP, *files)
    assert (shown.names, shown.issuer, shown.warnings) == (("blog.test",), "CN=authority", ())
    served = routed(fake_proxy)
    assert served
    assert (served.chain.read_bytes(), served.key.read_bytes()) == (MINE.pem, MINE.key)
    assert fake_proxy.changed == [APP]


def test_files_are_open_to_their_owner_alone(platform: Platform, files: tuple[Path, Path]) -> None:
    before = os.umask(0)
    try:
        operations.add(platform, APP, *files)
    finally:
        os.umask(before)
    home = platform.paths.root / "certs"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home, *folders(platform))} == {0o700}


def test_an_archive_is_served_as_files_are(platform: Platform, fake_proxy: FakeProxy) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    served = routed(fake_proxy)
    assert served
    assert served.chain.read_bytes() == MINE.pem


def test_a_second_certificate_must_be_called_an_update(
    platform: Platform, files: tuple[Path, Path]
) -> None:
    with pytest.raises(NotFound, match="has no certificate"):
        operations.update(platform, APP, *files)
    operations.add(platform, APP, *files)
    with pytest.raises(Conflict) as refusal:
        operations.add(platform, APP, *files)
    assert "certs update" in refusal.value.hint


def test_an_update_replaces_what_is_served_and_leaves_nothing_of_the_old(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    operations.update(platform, APP, stdin=piped(NEXT))
    served = routed(fake_proxy)
    assert served
    assert served.key.read_bytes() == NEXT.key
    assert folders(platform) == [served.key.parent]


def test_a_refused_change_is_taken_back(platform: Platform, fake_proxy: FakeProxy) -> None:
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.add(platform, APP, stdin=piped(MINE))
    assert platform.hooks.certificate_for(app=APP) is None
    assert not folders(platform)
    fake_proxy.refused.clear()
    operations.add(platform, APP, stdin=piped(MINE))
    before = platform.hooks.certificate_for(app=APP)
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.update(platform, APP, stdin=piped(NEXT))
    with pytest.raises(ProxyRefused):
        operations.remove(platform, APP)
    assert before
    assert platform.hooks.certificate_for(app=APP) == before
    assert before.key.read_bytes() == MINE.key
    assert folders(platform) == [before.key.parent]


def test_removing_goes_back_to_http_and_leaves_no_key(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    operations.remove(platform, APP)
    assert routed(fake_proxy) is None
    assert not folders(platform)
    with pytest.raises(NotFound):
        operations.remove(platform, APP)


def test_what_a_killed_command_left_goes_with_the_next(platform: Platform) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    left = platform.paths.root / "certs" / "0123456789abcdef"
    left.mkdir()
    (left / "server.key").write_bytes(b"secret")
    operations.update(platform, APP, stdin=piped(NEXT))
    assert len(folders(platform)) == 1
    assert not left.exists()


def test_a_certificate_follows_its_app_to_another_name(platform: Platform) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    before = platform.hooks.certificate_for(app=APP)
    platform.store.apps.rename(APP, AppName("diary"))
    assert platform.hooks.certificate_for(app=AppName("diary")) == before


def test_hosts_that_it_is_not_valid_for_are_a_warning(platform: Platform) -> None:
    other = Pair.make("other.test", parent=AUTHORITY)
    shown = operations.add(platform, APP, stdin=piped(other))
    assert "It is not valid for blog.test: browsers warn of it there." in shown.warnings
    assert "Warning: It is not valid" in shown.text()


def test_one_that_ends_soon_is_a_warning(platform: Platform) -> None:
    ending = Pair.make("blog.test", parent=AUTHORITY, ends=3 * DAY)
    shown = operations.add(platform, APP, stdin=piped(ending))
    assert "expires on" in shown.warnings[0]
    (row,) = operations.report(platform)
    assert row.days_left == 2
    assert row.warnings == shown.warnings


def test_a_generated_one_is_for_all_hosts_and_can_be_generated_anew(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    shown = operations.generate(platform, APP)
    assert (shown.names, shown.self_signed) == (("blog.test",), True)
    again = operations.generate(platform, APP, [HostName("a.test"), HostName("a.test")])
    assert again.names == ("a.test",)
    assert again.fingerprint != shown.fingerprint


def test_a_certificate_that_somebody_vouches_for_is_not_replaced_by_a_generated_one(
    platform: Platform,
) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    with pytest.raises(Conflict, match="CN=authority"):
        operations.generate(platform, APP)


def test_show_gives_the_chain_and_never_the_key(platform: Platform) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    shown = operations.show(platform, APP)
    assert shown.chain == MINE.pem.decode()
    assert "PRIVATE" not in shown.text()
    for folder in folders(platform):
        (folder / "server.crt").unlink()
    with pytest.raises(NotFound, match="are gone"):
        operations.show(platform, APP)


def test_report_tells_of_apps_without_one_too(platform: Platform) -> None:
    platform.store.apps.create(AppName("other"))
    operations.generate(platform, APP)
    rows = {row.app: row.days_left for row in operations.report(platform)}
    assert rows == {"blog": 364, "other": None}
    assert [row.app for row in operations.report(platform, APP)] == ["blog"]


@pytest.mark.parametrize("missing", ["app", "key", "file", "folder"])
def test_what_is_incomplete_is_refused_and_nothing_changes(
    platform: Platform, files: tuple[Path, Path], tmp_path: Path, missing: str
) -> None:
    chain, key = files
    app = AppName("nobody") if missing == "app" else APP
    given = {
        "app": (chain, key),
        "key": (chain, None),
        "file": (chain, tmp_path / "none.key"),
        "folder": (tmp_path, key),
    }[missing]
    with pytest.raises((UsageError, NotFound)) as refusal:
        operations.add(platform, app, *given)
    assert refusal.value.hint
    assert keeping.facts(platform, APP) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="the super-user may read everything")
def test_a_key_that_may_not_be_read_is_refused_with_a_way(
    platform: Platform, files: tuple[Path, Path]
) -> None:
    files[1].chmod(0)
    with pytest.raises(UsageError, match="may not read") as refusal:
        operations.add(platform, APP, *files)
    assert "| dokkupy certs add" in refusal.value.hint


def test_addresses_are_https_where_the_certificate_is_valid(platform: Platform) -> None:
    platform.store.meta.set("http_port", "8080")
    platform.store.meta.set("https_port", "8443")
    operations.generate(platform, APP)
    assert routes.urls(platform, APP) == ["https://blog.test:8443"]
    operations.generate(platform, APP, [HostName("other.test")])
    assert routes.urls(platform, APP) == ["http://blog.test:8080"]


def test_events_tell_of_each_change_and_of_no_secret(platform: Platform) -> None:
    operations.add(platform, APP, stdin=piped(MINE))
    operations.update(platform, APP, stdin=piped(NEXT))
    operations.remove(platform, APP)
    dump = "\n".join(platform.store.database.connection.iterdump())
    for verb in ("certs.added", "certs.updated", "certs.removed"):
        assert verb in dump
    assert "PRIVATE" not in dump
    assert MINE.key.decode().splitlines()[1] not in dump
