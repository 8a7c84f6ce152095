"""What people are told of the certificates of apps, warnings included."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy.names import AppName, HostName
from dokkupy_certs import keeping
from dokkupy_certs.material import Facts

if TYPE_CHECKING:
    from dokkupy.platform import Platform

_DAY_SECONDS: Final = 24 * 3600
SOON_DAYS: Final = 14
"""So long before its end people are warned."""


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


def shown(platform: Platform, app: AppName, facts: Facts) -> AppCertificate:
    """Return what is shown of an app's certificate."""
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


def row(platform: Platform, app: AppName) -> CertificateRow:
    """Return an app's line in the listing."""
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
    return int((facts.valid_until - time.time()) // _DAY_SECONDS)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
