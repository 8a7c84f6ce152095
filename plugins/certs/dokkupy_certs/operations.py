"""The operations `certs …`: the certificate with which an app is served over https."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import Conflict, NotFound, UsageError
from dokkupy.names import AppName, HostName
from dokkupy.operations.registry import Stdin
from dokkupy_certs import archive, keeping, telling
from dokkupy_certs.material import LONGEST, Facts, Material
from dokkupy_certs.telling import AppCertificate, CertificateRow, ShownCertificate

if TYPE_CHECKING:
    from dokkupy.platform import Platform

CERTIFICATE = Help("File with the certificate and those that vouch for it, in PEM")
PRIVATE_KEY = Help("File with its private key, in PEM, without a passphrase")


@operation(summary="Serve an app over https with a certificate of yours")
def add(
    platform: Platform,
    app: AppName,
    certificate: Annotated[Path | None, CERTIFICATE] = None,
    key: Annotated[Path | None, PRIVATE_KEY] = None,
    stdin: Stdin | None = None,
) -> AppCertificate:
    """Serve the app over https from now on, and send its visitors there.

    Without files a tar archive of `server.crt` and `server.key` is read from standard input.

    Raises:
        Conflict: the app has a certificate.
        UsageError: it has expired, the key is another's or locked, or the files hold no such thing.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)
    if keeping.facts(platform, app):
        raise Conflict(
            f"{app} has a certificate.", hint=f"Replace it: dokkupy certs update {app} CERT KEY"
        )
    keeping.put(platform, app, _given(certificate, key, stdin), verb="added")
    return _shown(platform, app)


@operation(summary="Replace the certificate of an app")
def update(
    platform: Platform,
    app: AppName,
    certificate: Annotated[Path | None, CERTIFICATE] = None,
    key: Annotated[Path | None, PRIVATE_KEY] = None,
    stdin: Stdin | None = None,
) -> AppCertificate:
    """Serve the app with a new certificate, as `certs add` takes it, without losing a request.

    Raises:
        NotFound: the app has no certificate.
        UsageError: it has expired, the key is another's or locked, or the files hold no such thing.
        ProxyRefused: the one of before still serves.
    """
    _required(platform, app)
    keeping.put(platform, app, _given(certificate, key, stdin), verb="updated")
    return _shown(platform, app)


@operation(summary="Make a certificate that vouches for itself")
def generate(
    platform: Platform,
    app: AppName,
    hosts: Annotated[list[HostName] | None, Help("Its hosts; all of the app's by default")] = None,
) -> AppCertificate:
    """Serve the app over https with a certificate of its own making, valid for a year.

    Browsers warn of it until they are told to trust it. One that was generated before is replaced.

    Raises:
        Conflict: the app has a certificate that somebody vouches for.
        UsageError: the app has no host, and none is given.
        ProxyRefused: nothing was changed.
    """
    from dokkupy_certs.generating import self_signed

    platform.store.apps.get(app)
    facts = keeping.facts(platform, app)
    if facts and not facts.self_signed:
        raise Conflict(
            f"{app} has a certificate that {facts.issuer} vouches for.",
            hint=f"Remove it first: dokkupy certs remove {app}",
        )
    names = list(dict.fromkeys(hosts or platform.hooks.vhosts(app=app)))
    if not names:
        raise UsageError(
            f"{app} has no host to make a certificate for.",
            hint=f"dokkupy domains add {app} HOST, or: dokkupy certs generate {app} HOST",
        )
    keeping.put(platform, app, self_signed(names), verb="updated" if facts else "added")
    return _shown(platform, app)


@operation(summary="Show the certificate of an app", reads=True)
def show(platform: Platform, app: AppName) -> ShownCertificate:
    """Show what the certificate says, and the chain in PEM; the key is never shown.

    Raises:
        NotFound: the app has no certificate, or its files are gone.
    """
    shown = _shown(platform, app)
    kept = keeping.certificate(platform, app)
    try:
        chain = kept.chain.read_text(encoding="ascii") if kept else ""
    except FileNotFoundError:
        raise NotFound(
            f"The files of the certificate of {app} are gone.",
            hint=f"Give it anew: dokkupy certs update {app} CERT KEY",
        ) from None
    return ShownCertificate(certificate=shown, chain=chain)


@operation(
    summary="List the certificates of all apps, or one app's",
    reads=True,
    default=True,
    empty="No apps yet. Make one: dokkupy apps create NAME",
)
def report(platform: Platform, app: AppName | None = None) -> list[CertificateRow]:
    """List for every app the hosts that its certificate is valid for, and for how long."""
    if app is not None:
        platform.store.apps.get(app)
        return [telling.row(platform, app)]
    return [telling.row(platform, one.name) for one in platform.store.apps.list()]


@operation(summary="Serve an app without https again")
def remove(platform: Platform, app: AppName) -> None:
    """Remove the app's certificate and its key; from now on it answers http alone.

    Raises:
        NotFound: the app has none.
        ProxyRefused: nothing was changed.
    """
    _required(platform, app)
    keeping.put(platform, app, None, verb="removed")


def _shown(platform: Platform, app: AppName) -> AppCertificate:
    return telling.shown(platform, app, _required(platform, app))


def _required(platform: Platform, app: AppName) -> Facts:
    platform.store.apps.get(app)
    facts = keeping.facts(platform, app)
    if facts is None:
        raise NotFound(
            f"{app} has no certificate.",
            hint=f"dokkupy certs add {app} CERT KEY, or: dokkupy certs generate {app}",
        )
    return facts


def _given(certificate: Path | None, key: Path | None, stdin: Stdin | None) -> Material:
    from dokkupy_certs.material import parse

    if certificate is None:
        if stdin is None:
            raise UsageError("No certificate was given.", hint="Name its file and that of its key.")
        return parse(*archive.read(stdin.stream))
    if key is None:
        raise UsageError(
            "A certificate without its private key cannot be served.",
            hint="Name both files: dokkupy certs add APP CERT KEY",
        )
    return parse(_read(certificate), _read(key))


def _read(file: Path) -> bytes:
    try:
        if not file.is_file():  # a pipe or a device could keep us waiting
            raise UsageError(f"{str(file)!a} is not a file.", hint="Name a file in PEM form.")
        with file.open("rb") as opened:
            return opened.read(LONGEST + 1)
    except PermissionError:  # root asked, and dokkupy went on as the owner of its own root
        from dokkupy.platform import unix_user

        raise UsageError(
            f"The user {unix_user()} may not read {str(file)!a}.",
            hint=f"Let your shell open it: tar cC {shlex.quote(str(file.parent))} "
            f"{archive.CHAIN} {archive.KEY} | dokkupy certs add APP",
        ) from None
