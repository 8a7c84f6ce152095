"""What is said of an app that is well, and of one with which something is wrong."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import check, diagnosis, last_failure, visiting
from dokkupy.diagnosis import Diagnosis
from dokkupy.errors import BuildFailed, DeployFailed, NotFound, Refused
from dokkupy.locks import app_lock
from dokkupy.names import AppName, HostName, ProcessName
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.testing.tls import self_signed
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB = ProcessName("web")
NOWHERE = HostName("nowhere.example.test")


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every name lead somewhere, but one; and ask nothing twice for long."""
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        if host == NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real("127.0.0.1" if "example" in str(host) else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(check, "LOOK_SECONDS", 0.1)


@pytest.fixture
def good(shop: Shop) -> Shop:
    """Give an app that serves."""
    shop.push(web="one")
    return shop


def examine(shop: Shop) -> Diagnosis:
    return diagnosis.examine(shop.platform, shop.name)


def found(shop: Shop) -> list[tuple[str, str]]:
    """Return cause and remedy of each finding."""
    return [(finding.cause, finding.fix) for finding in examine(shop).findings]


def test_an_app_that_is_well_is_called_so_in_one_line(good: Shop) -> None:
    seen = examine(good)
    assert seen.healthy
    assert seen.exit_code == 0
    assert seen.findings == ()
    assert seen.text() == "shop is healthy, release 1: web.1 runs."
    good.scale(web=2)
    assert examine(good).text() == "shop is healthy, release 1: web.1, web.2 run."


def test_one_that_is_not_there_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        diagnosis.examine(shop.platform, AppName("other"))


def test_one_that_was_never_deployed_is_told_how(shop: Shop) -> None:
    seen = examine(shop)
    assert (seen.healthy, seen.exit_code, seen.release) == (False, 1, None)
    assert seen.text() == (
        "shop has not been deployed yet.\n  -> See where to push it: dokkupy git remote shop"
    )


def test_one_that_is_stopped_is_told_how_to_start_it(good: Shop) -> None:
    good.stop()
    assert found(good) == [("shop is stopped, and visitors are told so", "dokkupy ps start shop")]


def test_one_that_keeps_ending_is_told_with_its_log(shop: Shop) -> None:
    dies = Program(line=("KeyError: 'CACHE_URL'",), listen="0.0.0.0", exits=3, after=1)
    shop.push(web=dies)
    [reference] = shop.references().values()
    eventually(lambda: shop.engine.inspect(reference).restart_count >= 3)
    [finding] = examine(shop).findings
    assert finding.about == "web.1"
    assert "it was started again" in finding.cause
    assert "CACHE_URL is not set" in finding.cause
    assert finding.evidence[-1] == "KeyError: 'CACHE_URL'"
    assert finding.fix == "dokkupy config set shop CACHE_URL=VALUE"


@pytest.mark.parametrize(
    ("act", "cause"),
    [("remove", "web.1 was removed by somebody else"), ("kill", "web.1 was stopped by somebody")],
)
def test_a_container_that_somebody_took_away_comes_back_with_the_root(
    good: Shop, act: str, cause: str
) -> None:
    [reference] = good.references().values()
    getattr(good.engine, act)(reference)
    [(said, fix)] = found(good)
    assert said.startswith(cause)
    assert fix == "dokkupy up"


def test_one_that_has_fallen_silent_is_told_as_in_a_push(good: Shop) -> None:
    good.mute()
    # Its check's time is over: it is not starting any more.
    eventually(lambda: not found(good)[0][0].startswith("web.1 was started"))
    [(cause, _)] = found(good)
    assert cause == "web.1 listens, but GET / got no HTTP answer: closed without an answer"


def test_one_whose_memory_is_nearly_full_is_told(good: Shop) -> None:
    [reference] = good.references().values()
    info = good.engine.inspect(reference)
    good.engine.memory[info.name] = info.memory - 1
    assert found(good) == [
        (
            "web.1 holds 511 MiB of the 512 MiB of memory that it may take",
            "dokkupy ps limit shop web --memory 1024m",
        )
    ]


def test_a_container_that_should_be_there_is_missed(good: Shop) -> None:
    good.store.formation.set(good.name, {WEB: Scale(quantity=2)})
    assert found(good) == [("web.2 should run and is not there", "dokkupy up")]


def test_one_without_a_domain_is_told(good: Shop) -> None:
    good.store.routes.replace({})
    assert found(good) == [
        ("shop has no domain, so nobody reaches it", "dokkupy domains add shop HOST")
    ]


def test_a_domain_that_leads_nowhere_is_told(good: Shop) -> None:
    hosts = good.store.routes.all()[good.name]
    good.store.routes.replace({good.name: [*hosts, NOWHERE]})
    causes = [cause for cause, _ in found(good)]
    assert f"{NOWHERE} leads nowhere: name or service not known" in causes


def test_names_below_localhost_are_not_looked_up(good: Shop) -> None:
    assert list(visiting._unresolved([HostName("nowhere.localhost")])) == []


def test_a_proxy_that_does_not_run_is_told(good: Shop) -> None:
    good.proxy.stop()
    assert found(good) == [("the proxy does not run", "dokkupy up")]


def test_a_proxy_that_does_not_know_the_host_is_told(good: Shop) -> None:
    good.store.routes.replace({good.name: [HostName("late.example.test")]})
    [(cause, fix)] = found(good)
    assert cause == (
        "the proxy answers GET / for late.example.test with nothing (closed without an answer),"
        " while web.1 answers with status 200"
    )
    assert fix.endswith("dokkupy up")


def test_an_app_that_itself_answers_503_is_well_without_a_path(shop: Shop) -> None:
    shop.push(web=Program(listen="0.0.0.0", status=503))
    assert examine(shop).healthy


def test_a_full_disk_is_told(good: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "LEAST_FREE", 2**80)
    [(cause, fix)] = found(good)
    assert cause.startswith(f"the disk of {good.platform.paths.root} is full: ")
    assert fix == "dokkupy cleanup --apply"


def test_what_failed_last_is_told_as_it_was(good: Shop) -> None:
    with pytest.raises(DeployFailed) as error:
        good.push(web=Program(line=("no database",), exits=3))
    [finding] = examine(good).findings
    assert finding.cause == (
        "the last deploy of main failed, and release 1 serves: web.1 ended with exit code 3."
    )
    assert finding.evidence == ("no database",)
    assert finding.fix == error.value.hint
    good.push(web="two")
    assert examine(good).healthy


def test_a_first_deploy_that_failed_is_all_there_is_to_tell(shop: Shop) -> None:
    with pytest.raises(DeployFailed):
        shop.push(web=Program(line=("no database",), exits=3))
    [finding] = examine(shop).findings
    assert finding.cause == "the last deploy of main failed: web.1 ended with exit code 3."


def test_a_failed_release_is_told_though_other_work_went_well_since(good: Shop) -> None:
    with pytest.raises(DeployFailed):
        good.push(web=Program(exits=3))
    good.scale(web=2)
    assert found(good) == [
        (
            "release 2 failed: web.1 ended with exit code 3.",
            "See its output: dokkupy logs shop --failed",
        )
    ]


def test_a_request_that_was_refused_is_no_failure_of_the_app(good: Shop) -> None:
    last_failure.keep(good.store, good.name, "push of main", Refused("main has moved on."))
    assert last_failure.last(good.store, good.name) is None


def test_a_request_for_what_there_is_not_is_no_failure_of_the_app(good: Shop) -> None:
    with pytest.raises(NotFound):
        good.restart("nobody")
    assert last_failure.last(good.store, good.name) is None


def test_a_failure_is_kept_with_the_end_of_its_evidence(good: Shop) -> None:
    error = BuildFailed("It broke.", hint="Mend it.", detail="x" * 100_000 + "the end")
    last_failure.keep(good.store, good.name, "push of main", error)
    kept = last_failure.last(good.store, good.name)
    assert kept is not None
    assert (kept.what, kept.failure.cause, kept.failure.fix) == (
        "push of main",
        "It broke.",
        "Mend it.",
    )
    assert len(kept.failure.log) == 16 * 1024
    assert kept.failure.log.endswith("the end")


def test_a_deploy_that_was_cut_short_is_told_unless_somebody_is_at_work(good: Shop) -> None:
    good.store.rollouts.begin(good.name, 1, 1, None)
    holds, done = threading.Event(), threading.Event()

    def work() -> None:
        with app_lock(good.platform.paths, good.name, what="push", actor="ann"):
            holds.set()
            done.wait(20)

    worker = threading.Thread(target=work)
    worker.start()
    assert holds.wait(20)
    assert examine(good).healthy
    done.set()
    worker.join()
    assert found(good) == [("a deploy of shop was cut short", "Finish or undo it: dokkupy up")]


@pytest.fixture
def secure(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[int, Path]]:
    """Serve TLS with a certificate that began and ended on the given days; give port and chain."""
    made = self_signed(tmp_path / "certificate", "shop.example.test")
    begins, ends = request.param
    csr, config = tmp_path / "request", tmp_path / "ca"
    run = ["openssl", "req", "-new", "-key", str(made.key), "-subj", "/CN=t", "-out", str(csr)]
    subprocess.run(run, check=True, capture_output=True)
    (tmp_path / "index").touch()
    config.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={tmp_path}/index\nnew_certs_dir={tmp_path}\n"
        f"rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    sign = ["openssl", "ca", "-batch", "-selfsign", "-config", str(config), "-notext"]
    sign += ["-keyfile", str(made.key), "-in", str(csr), "-out", str(made.chain)]
    sign += ["-startdate", begins, "-enddate", ends]
    subprocess.run(sign, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.chain, made.key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:  # the visitor does not believe it
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], made.chain
        thread.join()


@pytest.mark.parametrize(
    ("secure", "expired"),
    [
        (("20200101000000Z", "20200201000000Z"), True),
        (("20200101000000Z", "20990101000000Z"), False),
    ],
    indirect=["secure"],
)
def test_a_certificate_past_its_time_is_known_by_the_handshake(
    secure: tuple[int, Path], expired: bool
) -> None:
    port, chain = secure
    assert visiting._has_expired(port, HostName("shop.example.test"), chain) is expired


def test_a_certificate_that_has_gone_meanwhile_has_not_expired(tmp_path: Path) -> None:
    assert not visiting._has_expired(1, HostName("shop.example.test"), tmp_path / "none")


def test_names_are_looked_up_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(visiting, "LOOKUP_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(20))
    started = time.monotonic()
    assert list(visiting._unresolved([HostName(f"h{n}.example.test") for n in range(20)])) == []
    assert time.monotonic() - started < 2
    done.set()


def test_an_app_that_is_scaled_to_nothing_is_told_how_to_run_it(good: Shop) -> None:
    good.scale(web=0)
    assert found(good) == [("shop runs nothing: web=0", "dokkupy ps scale shop web=1")]
