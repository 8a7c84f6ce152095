"""Places for backups: folders and buckets, held to one contract; buckets have names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import Conflict, NotFound, Refused, UsageError
from dokkupy.remote import FAR_VARIABLE
from dokkupy.services import vaults
from dokkupy.services.s3 import Bucket, S3Vault
from dokkupy.services.vault import FolderVault, Vault, open_vault
from dokkupy.services.vaults import Place, VaultName
from dokkupy.testing.suites import VaultContract

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from tests.unit.asked import Asked

moto = pytest.importorskip("moto.server", reason="the server for these tests is not installed")
SECRET = "very-secret-key"


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """Serve S3 on loopback; give its address."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(storage: str, request: pytest.FixtureRequest) -> Bucket:
    """Make an empty bucket; give a folder in it."""
    import minio

    name = f"test-{abs(hash(request.node.name)):x}"[:60]
    found = Bucket.parse(
        f"s3://{name}/some/folder",
        endpoint=storage,
        region="us-east-1",
        access_key="key",
        secret_key=SECRET,
    )
    address = storage.removeprefix("http://")
    client = minio.Minio(
        address, access_key="key", secret_key=SECRET, secure=False, region="us-east-1"
    )
    client.make_bucket(name)
    return found


class TestFolder(VaultContract):
    @pytest.fixture
    def vault(self, tmp_path: Path) -> Vault:
        return FolderVault(tmp_path / "backups")


class TestBucket(VaultContract):
    @pytest.fixture
    def vault(self, bucket: Bucket) -> Vault:
        return S3Vault(bucket)


def test_a_bucket_is_tried_before_it_is_kept(
    platform: Platform, ask: Asked, bucket: Bucket
) -> None:
    given = {"access_key": "key", "endpoint": bucket.endpoint, "region": bucket.region}
    with pytest.raises(Refused, match="does not do it") as refused:
        ask("vaults add", name="off", url="s3://nobody-has-it", stdin=b"x\n", **given)
    assert "NoSuchBucket" in refused.value.detail
    assert ask("vaults list") == []
    shown = ask("vaults add", name="off", url=bucket.url, stdin=f"{SECRET}\n".encode(), **given)
    assert shown.url == bucket.url
    assert ask("vaults list") == [shown]
    assert SECRET not in repr(shown)
    assert SECRET not in repr(vaults.get(platform, "off"))
    assert all(SECRET not in str(event.data) for event in platform.store.events.list())
    assert S3Vault(bucket).names("") == []
    with pytest.raises(Conflict, match="vault off already"):
        ask("vaults add", name="off", url=bucket.url, stdin=SECRET.encode(), **given)


def test_backups_go_where_a_name_leads(platform: Platform, ask: Asked, bucket: Bucket) -> None:
    vaults.add(platform, VaultName("off"), bucket)
    open_vault(platform, "off").put("mysql/db/1", io.BytesIO(b"x"))
    assert S3Vault(bucket).names("mysql/") == ["mysql/db/1"]
    ask("vaults remove", name="off")
    with pytest.raises(NotFound, match="no vault 'off'"):
        open_vault(platform, "off")
    assert S3Vault(bucket).names("") == ["mysql/db/1"]


def test_a_folder_can_have_a_name(platform: Platform, ask: Asked, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    shown = ask("vaults add", name="disk", url=str(folder), stdin=b"")
    assert ask("vaults list") == [shown]
    open_vault(platform, "disk").put("mysql/db/1", io.BytesIO(b"x"))
    assert FolderVault(folder).names("") == ["mysql/db/1"]
    (tmp_path / "file").write_text("")
    for wrong, error in (("/a/../b", UsageError), (str(tmp_path / "file" / "x"), Refused)):
        with pytest.raises(error):
            ask("vaults add", name="wrong", url=wrong, stdin=b"")
    assert ask("vaults list") == [shown]


def test_a_folder_of_the_server_is_not_named_from_afar(
    ask: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Place.parse(str(tmp_path)) == str(tmp_path)
    monkeypatch.setenv(FAR_VARIABLE, "1")
    with pytest.raises(UsageError, match="from afar") as refused:
        Place.parse(str(tmp_path))
    assert "dokkupy vaults add NAME /FOLDER" in refused.value.hint
    with pytest.raises(UsageError, match="from afar"):
        ask("vaults add", name="disk", url=str(tmp_path), stdin=b"")
    assert Place.parse("disk") == "disk"
    for wrong in ("../x", "a b", "-x"):
        with pytest.raises(UsageError):
            Place.parse(wrong)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://bucket", "https://s3.test"),
        ("s3://", "https://s3.test"),
        ("s3://UPPER", "https://s3.test"),
        ("s3://bucket/../x", "https://s3.test"),
        ("s3://bucket/a b", "https://s3.test"),
        ("s3://bucket", "http://s3.test"),
        ("s3://bucket", "https://user:pass@s3.test"),
        ("s3://bucket", "https://s3.test/path"),
        ("s3://bucket", "ftp://s3.test"),
        ("s3://bucket", ""),
    ],
)
def test_what_names_no_bucket_or_server_is_refused(url: str, endpoint: str) -> None:
    with pytest.raises(UsageError) as refused:
        Bucket.parse(url, endpoint=endpoint, region="", access_key="k", secret_key="s")
    assert refused.value.hint


def test_a_storage_that_cannot_be_reached_is_a_refusal_with_its_cause() -> None:
    closed = Bucket(
        endpoint="http://127.0.0.1:1",
        bucket="bucket",
        prefix="",
        region="us-east-1",
        access_key="k",
        secret_key="s",
    )
    with pytest.raises(Refused, match="does not do it") as refused:
        S3Vault(closed).names("")
    assert "127.0.0.1" in refused.value.detail
