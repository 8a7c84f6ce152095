"""ACCEPTANCE F 5 and 6: certificates by hand, the maintenance page, redirects."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dokkupy.testing import tls

from .conftest import EXAMPLES, Root
from .visitors import to_pages, visitors

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def app(root: Root) -> str:
    return root.deployed(EXAMPLES / "probe", VERSION="1")[0]


@pytest.fixture
def plain(root: Root, app: str) -> Iterator[str]:
    """Give the app's host, and take its certificate away afterwards."""
    yield f"{app}.localhost"
    root.cli("certs", "remove", app, code=None)


@pytest.fixture(scope="module")
def https_port(root: Root) -> int:
    port: int = root.json("nginx", "status")["https_port"]
    return port


def expired(folder: Path, name: str) -> tuple[str, str]:
    """Make a certificate that ended yesterday."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

    fresh = tls.self_signed(folder, name)
    private = load_pem_private_key(fresh.key.read_bytes(), None)
    old = x509.load_pem_x509_certificate(fresh.chain.read_bytes())
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        old.serial_number,
        datetime.now(UTC) - timedelta(days=3),
        datetime.now(UTC) - timedelta(days=1),
        list(old.extensions),
    )
    fresh.chain.write_bytes(builder.sign(private, SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
    return str(fresh.chain), str(fresh.key)


def test_each_app_is_served_over_https_under_its_own_certificate(
    root: Root, app: str, plain: str, https_port: int, tmp_path: Path
) -> None:
    other = root.create()
    mine = tls.self_signed(tmp_path / "mine", plain)
    root.cli("certs:add", app, str(mine.chain), str(mine.key))
    assert tls.get(https_port, plain, trusted=mine.chain).text == "version 1\n"
    assert tls.is_refused(https_port, f"{other}.localhost")
    assert tls.is_refused(https_port, "")
    theirs = tls.self_signed(tmp_path / "theirs", f"{other}.localhost")
    archive = subprocess.run(
        ["tar", "c", "server.crt", "server.key"],
        cwd=tmp_path / "theirs",
        capture_output=True,
        check=True,
    )
    root.cli("certs", "add", other, stdin=archive.stdout)
    assert tls.get(https_port, f"{other}.localhost", trusted=theirs.chain).status == 404
    assert tls.get(https_port, plain, trusted=mine.chain).text == "version 1\n"
    rows = {row["app"]: row["names"] for row in root.json("certs", "report")}
    assert (rows[app], rows[other]) == ([plain], [f"{other}.localhost"])
    root.cli("apps", "destroy", other, "--force")
    assert len(list((root.path / "certs").iterdir())) == 1


def test_visitors_come_to_https_by_http_2_and_go_back_when_it_is_gone(
    root: Root, app: str, plain: str, https_port: int
) -> None:
    shown = root.json("certs", "generate", app)
    assert shown["names"] == [plain]
    moved = root.get(f"{plain}:{root.port}", "/path?a=b")
    assert moved.status == 308
    assert moved.headers["Location"] == f"https://{plain}:{https_port}/path?a=b"
    visitor = subprocess.run(
        [
            *("curl", "--silent", "--insecure", "--http2", "--location", "--output", "-"),
            *("--write-out", "%{http_version} %{url_effective}"),
            *("--resolve", f"{plain}:{root.port}:127.0.0.1"),
            *("--resolve", f"{plain}:{https_port}:127.0.0.1"),
            f"http://{plain}:{root.port}/",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert visitor.stdout == f"version 1\n2 https://{plain}:{https_port}/"
    assert root.json("apps", "report", app)["urls"] == [f"https://{plain}:{https_port}"]
    root.cli("nginx", "set", app, "hsts", "on")
    assert "strict-transport-security" in tls.get(https_port, plain).headers
    root.cli("nginx", "set", app, "hsts")
    root.cli("certs", "remove", app)
    assert root.get(plain).body == "version 1\n"
    assert not list((root.path / "certs").iterdir())


def test_a_wrong_pair_an_old_one_and_a_locked_key_are_refused_and_nothing_changes(
    root: Root, app: str, plain: str, https_port: int, tmp_path: Path
) -> None:
    one, two = (tls.self_signed(tmp_path / name, plain) for name in ("one", "two"))
    locked = tmp_path / "locked.key"
    lock = ["openssl", "pkey", "-in", str(one.key), "-aes256", "-passout", "pass:x"]
    subprocess.run([*lock, "-out", str(locked)], check=True)
    root.cli("certs", "add", app, str(one.chain), str(one.key))
    chain, key = expired(tmp_path / "old", plain)
    for pair, cause in (
        ((str(one.chain), str(two.key)), "does not belong"),
        ((chain, key), "expired on"),
        ((str(one.chain), str(locked)), "passphrase"),
        ((str(one.key), str(one.key)), "none in PEM form"),
    ):
        done = root.cli("certs", "update", app, *pair, code=2)
        assert cause in done.err
        assert "->" in done.err
        assert "PRIVATE" not in done.err
    root.cli("certs", "add", app, str(two.chain), str(two.key), code=4)
    assert tls.get(https_port, plain, trusted=one.chain).text == "version 1\n"


def test_a_hostile_archive_is_refused_and_leaves_nothing(root: Root, app: str) -> None:
    def linked(*words: str) -> bytes:
        made = ["tar", "c", "--absolute-names", *words, "/etc/hostname"]
        return subprocess.run(made, capture_output=True, check=True).stdout

    outside = linked("--transform", "s#.*#../../server.key#")
    for archive in (linked(), outside, b"x" * 4096, bytes(2 << 20)):
        done = root.cli("certs", "add", app, stdin=archive, code=2)
        assert "tar c server.crt server.key" in done.err
    assert not list(root.path.rglob("server.key"))


def test_maintenance_loses_no_request_and_the_app_runs_on(
    root: Root, app: str, tmp_path: Path
) -> None:
    host, before = f"{app}.localhost", root.containers(app)
    (tmp_path / "page.html").write_text("<h1>$ back soon</h1>")
    root.cli("maintenance", "page", app, str(tmp_path / "page.html"))
    with visitors(to_pages(root, host)) as seen:
        for _ in range(2):
            root.cli("maintenance", "on", app, "--retry-after", "90")
            answer = root.get(host, "/deep")
            assert (answer.status, answer.body) == (503, "<h1>$ back soon</h1>")
            assert answer.headers["Retry-After"] == "90"
            root.cli("maintenance", "off", app)
            assert root.get(host).body == "version 1\n"
    assert seen.keys() == {"version 1", "status 503"}
    assert root.containers(app) == before


def test_www_leads_to_the_bare_domain_and_a_circle_is_refused(root: Root, app: str) -> None:
    www, bare = f"www.{app}.example", f"{app}.example"
    root.cli("domains", "add", app, www, bare)
    root.cli("redirects", "set", app, www, bare)
    moved = root.get(www, "/path?a=b")
    assert (moved.status, moved.headers["Location"]) == (301, f"http://{bare}/path?a=b")
    assert root.get(bare).status == 200
    done = root.cli("redirects", "set", app, bare, www, code=5)
    assert f"{bare} -> {www} -> {bare}" in done.err
    root.cli("redirects", "unset", app, www)
    assert root.get(www).status == 200
    root.cli("domains", "clear", app)
