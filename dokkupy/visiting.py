"""What visitors of an app meet on their way: its names, the proxy, its certificate."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy import health
from dokkupy.types import Check, Endpoint, Failure

if TYPE_CHECKING:
    from dokkupy.names import AppName, HostName
    from dokkupy.platform import Platform
    from dokkupy.proxy import ProxyStatus

LOOKUP_SECONDS: Final = 2.0
"""How long names are looked up, all at once; of one that takes longer nothing is claimed."""
MOST_HOSTS: Final = 20
_LOOPBACK: Final = "127.0.0.1"
_NOT_THE_APPS: Final = (0, 404, 502, 503, 504)
"""What a proxy says when it knows no such host, or gets no answer from behind."""
_HAS_EXPIRED: Final = 10
"""`X509_V_ERR_CERT_HAS_EXPIRED` of OpenSSL."""


def failures(
    platform: Platform, app: AppName, serving: Mapping[str, Endpoint], check: Check
) -> Iterator[Failure]:
    """Yield what keeps visitors from containers (name -> endpoint) that serve as they must."""
    hosts = platform.store.routes.all().get(app, [])
    if not hosts:
        yield Failure(
            process="",
            cause=f"{app} has no domain, so nobody reaches it",
            fix=f"dokkupy domains add {app} HOST",
        )
        return
    plain = [host for host in hosts if not host.startswith("*.")][:MOST_HOSTS]
    yield from _unresolved(plain)
    status = platform.proxy.status()
    if not status.running:
        yield Failure(
            process="", cause="the proxy does not run", fix="dokkupy up", log=status.detail
        )
        return
    for host in plain:
        yield from _through_the_proxy(status, host, serving, check)
    certificate = platform.hooks.certificate_for(app=app)
    secure = platform.store.routes.secure(app)
    if certificate is None:
        return
    for host in plain:
        if host in secure and _has_expired(status.https_port, host, certificate.chain):
            yield Failure(
                process="",
                cause=f"the certificate of {host} has expired",
                fix=f"See which it is, and add a newer one: dokkupy certs report {app}",
            )


def _through_the_proxy(
    status: ProxyStatus, host: HostName, serving: Mapping[str, Endpoint], check: Check
) -> Iterator[Failure]:
    met = health.probe(Endpoint(host=_LOOPBACK, port=status.http_port), check, host=host)
    if met.status not in _NOT_THE_APPS:
        return
    direct = {name: health.probe(end, check, host=host) for name, end in serving.items()}
    if not direct or met.status in {answer.status for answer in direct.values()}:
        return
    name, answer = next(iter(direct.items()))
    asked = f"GET {check.path or '/'}"
    said = str(met) if met.status else f"nothing ({met})"
    yield Failure(
        process="",
        cause=(
            f"the proxy answers {asked} for {host} with {said}, while {name} answers with {answer}"
        ),
        fix="Unless that is wanted (maintenance, settings of the proxy): dokkupy up",
    )


def _unresolved(hosts: Sequence[HostName]) -> Iterator[Failure]:
    # Names below localhost are loopback for every browser, and for few resolvers (RFC 6761, 6.3).
    asked = [host for host in hosts if host.rpartition(".")[2] != "localhost"]
    absent: dict[HostName, str] = {}

    def look_up(host: HostName) -> None:
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
                absent[host] = error.strerror or ""
        except OSError:
            return  # the resolver itself is out of order

    threads = [threading.Thread(target=look_up, args=(host,), daemon=True) for host in asked]
    for thread in threads:
        thread.start()
    end = time.monotonic() + LOOKUP_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    for host in [host for host in asked if host in absent]:
        yield Failure(
            process="",
            cause=f"{host} leads nowhere: {absent[host].lower()}",
            fix=f"Let its DNS name this server's address (an A record), then see: host {host}",
        )


def _has_expired(port: int, host: HostName, chain: Path) -> bool:
    """Say whether what is served is past its time; whoever vouches for it is left out of it."""
    address = (_LOOPBACK, port)
    try:
        context = ssl.create_default_context(cafile=str(chain))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = False
        with (
            socket.create_connection(address, timeout=health.CONNECT_TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return False
    except ssl.SSLCertVerificationError as error:
        return error.verify_code == _HAS_EXPIRED
    except OSError:
        return False
