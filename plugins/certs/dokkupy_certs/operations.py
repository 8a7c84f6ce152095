"""The operations `certs …`: the certificate with which an app is served over https."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import Conflict, NotFound, UsageError
from dokkupy.names import AppName, HostName
from dokkupy.operations.registry import Stdin
from dokkupy_certs import archive, keeping
from dokkupy_certs.material import LONGEST, Facts, Material

if TYPE_CHECKING:
    from dokkupy.platform import Platform

DAY_SECONDS = 24 * 3600
SOON_DAYS = 14
"""So long before its end people are warned."""

CERTIFICATE = Help("File with the certificate and those that vouch for it, in PEM")
PRIVATE_KEY = Help("File with its private key, in PEM, without a passphrase")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCertificate:
    """The certificate of an app."""

    app: AppName
    names: tuple[HostName, ...]
    issuer: str
    self_signed: bool
    valid_from: float
    """Seconds since the epoch (UTC)."""
    valid_until: float
    key: str
    """Kind and size: `EC secp256r1`."""
    fingerprint: str
    """SHA-256 in hexadecimal."""
    warnings: tuple[str, ...]

    def text(self) -> str:
        """Return what a person reads."""
        by = "itself" if self.self_signed else self.issuer
        lines = [
            f"{self.app} has a certificate for {', '.join(self.names) or 'no host'}.",
            f"  vouched for by  {by}",
            f"  valid           {_day(self.valid_from)} to {_day(self.valid_until)}",
            f"  key             {self.key}",
            f"  SHA-256         {self.fingerprint}",
            *(f"Warning: {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCertificate:
    """The certificate of an app with the chain itself, which anybody may know."""

    certificate: AppCertificate
    chain: str
    """In PEM."""

    def text(self) -> str:
        """Return what a person reads."""
        return f"{self.certificate.text()}\n{self.chain.rstrip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRow:
    """One app in a listing."""

    app: AppName
    names: tuple[HostName, ...]
    days_left: int | None
    """Whole days until it ends, negative after that; None without a certificate."""
    issuer: str
    warnings: tuple[str, ...]


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
    _required(platform, app)
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
        return [_row(platform, app)]
    return [_row(platform, one.name) for one in platform.store.apps.list()]


@operation(summary="Serve an app without https again")
def remove(platform: Platform, app: AppName) -> None:
    """Remove the app's certificate and its key; from now on it answers http alone.

    Raises:
        NotFound: the app has none.
        ProxyRefused: nothing was changed.
    """
    _required(platform, app)
    keeping.put(platform, app, None, verb="removed")


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


def _shown(platform: Platform, app: AppName) -> AppCertificate:
    facts = _required(platform, app)
    return AppCertificate(
        app=app,
        names=facts.names,
        issuer=facts.issuer,
        self_signed=facts.self_signed,
        valid_from=facts.valid_from,
        valid_until=facts.valid_until,
        key=facts.key,
        fingerprint=facts.fingerprint,
        warnings=_warnings(platform, app, facts),
    )


def _row(platform: Platform, app: AppName) -> CertificateRow:
    facts = keeping.facts(platform, app)
    return CertificateRow(
        app=app,
        names=facts.names if facts else (),
        days_left=_days_left(facts) if facts else None,
        issuer=facts.issuer if facts else "",
        warnings=_warnings(platform, app, facts) if facts else (),
    )


def _warnings(platform: Platform, app: AppName, facts: Facts) -> tuple[str, ...]:
    warnings = []
    left = _days_left(facts)
    if left < 0:
        warnings.append(f"It expired on {_day(facts.valid_until)}: dokkupy certs update {app}")
    elif left < SOON_DAYS:
        warnings.append(f"It expires on {_day(facts.valid_until)}: dokkupy certs update {app}")
    if facts.self_signed:
        warnings.append("Nobody but itself vouches for it: browsers warn of it.")
    certificate = keeping.certificate(platform, app)
    hosts = platform.hooks.vhosts(app=app)
    missing = [host for host in hosts if certificate and not certificate.covers(host)]
    if missing:
        warnings.append(f"It is not valid for {', '.join(missing)}: browsers warn of it there.")
    return tuple(warnings)


def _days_left(facts: Facts) -> int:
    return int((facts.valid_until - time.time()) // DAY_SECONDS)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
