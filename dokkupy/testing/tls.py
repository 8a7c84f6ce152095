"""A visitor over https who believes one certificate, and such certificates for tests."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from dokkupy.testing.client import Reply, connect, read, request
from dokkupy.types import Certificate


def self_signed(folder: Path, *names: str) -> Certificate:
    """Make a certificate for host names that nobody but itself vouches for, in a new folder."""
    folder.mkdir(parents=True)
    made = Certificate(chain=folder / "server.crt", key=folder / "server.key", names=names)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=test", "-keyout", str(made.key)),
            *("-out", str(made.chain)),
            *("-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)),
        ],
        check=True,
        capture_output=True,
    )
    return made


def handshake(
    port: int, name: str, trusted: Path | None = None, *, protocols: tuple[str, ...] = ()
) -> ssl.SSLSocket:
    """Open a connection over TLS for a host; without `trusted` any certificate is believed.

    Raises:
        ssl.SSLError: nobody answers for the name, or with another certificate than `trusted`.
    """
    context = ssl.create_default_context(cafile=trusted)
    context.check_hostname = trusted is not None
    if trusted is None:
        context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    plain = connect(port)
    try:
        return context.wrap_socket(plain, server_hostname=name or None)
    except OSError:  # which an error of TLS is too
        plain.close()
        raise


def get(
    port: int, host: str, path: str = "/", *, trusted: Path | None = None, name: str | None = None
) -> Reply:
    """Ask once over https; `name` is what the handshake asks for when not `host`."""
    with handshake(port, host if name is None else name, trusted) as connection:
        connection.sendall(request(host, path))
        try:
            return read(connection)
        except ssl.SSLEOFError:  # closed without a goodbye, which says no more than closed
            return Reply(status=0, headers={}, body=b"")


def is_refused(port: int, name: str) -> bool:
    """Say whether a handshake for a name (none when empty) ends without any certificate."""
    try:
        handshake(port, name).close()
    except ssl.SSLError as error:
        return "UNRECOGNIZED_NAME" in str(error)  # RFC 8446, section 6.2
    return False
