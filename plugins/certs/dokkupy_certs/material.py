"""A certificate chain with its private key, checked as far as can be before a proxy sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dokkupy.errors import UsageError
from dokkupy.names import HostName

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

LONGEST: Final = 256 * 1024
"""Bytes of a file in PEM; a chain of five certificates has ten thousand."""
SHORTEST_RSA: Final = 2048
"""Bits; the TLS library of the proxy takes no shorter ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a certificate says; nothing of it is secret."""

    names: tuple[HostName, ...]
    """Hosts that it is valid for."""
    subject: str
    issuer: str
    self_signed: bool
    valid_from: float
    """Seconds since the epoch (UTC)."""
    valid_until: float
    fingerprint: str
    """SHA-256 in hexadecimal."""
    key: str
    """Kind and size: `RSA 2048`, `EC secp256r1`."""
    chain: int
    """How many certificates there are, its own included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A chain and a key that belong together, in PEM."""

    chain: bytes
    """The certificate itself first, each vouched for by the next."""
    key: bytes = field(repr=False)
    """Without a passphrase."""
    facts: Facts


def parse(chain: bytes, key: bytes) -> Material:
    """Return what two files in PEM hold, in its normal form and the chain in order.

    Raises:
        UsageError: they do not belong together, are not valid now, or hold something else.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    private = _private_key(key)
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    mine = private.public_key().public_bytes(*spki)
    try:
        given = list(dict.fromkeys(_certificates(chain)))
        own = [one for one in given if one.public_key().public_bytes(*spki) == mine]
        if not own:
            raise UsageError(
                "The key does not belong to the certificate.",
                hint="Give the key with which it was asked for; of a pair these say the same: "
                "openssl x509 -pubkey -noout -in CERT; openssl pkey -pubout -in KEY",
            )
        ordered = _in_order(own[0], [one for one in given if one not in own])
        facts = _facts(ordered)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_certificate() from None
    _refuse_invalid(ordered)
    return Material(
        chain=b"".join(one.public_bytes(Encoding.PEM) for one in ordered),
        key=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        facts=facts,
    )


def _private_key(pem: bytes) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    _refuse_long(pem, "key")
    try:
        private = load_pem_private_key(pem, password=None)
    except TypeError:
        raise UsageError(
            "The key is locked with a passphrase, and the proxy starts without anybody to type it.",
            hint="Unlock a copy: openssl pkey -in KEY -out unlocked.key",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(
            "The key is no private key in PEM form.",
            hint="It begins with -----BEGIN PRIVATE KEY-----; from DER it is made by: "
            "openssl pkey -inform der -in KEY -out server.key",
        ) from None
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < SHORTEST_RSA:
        raise UsageError(
            f"An RSA key of {private.key_size} bits is too short.",
            hint=f"Ask for a certificate with one of {SHORTEST_RSA} bits: openssl genpkey "
            f"-algorithm RSA -pkeyopt rsa_keygen_bits:{SHORTEST_RSA} -out server.key",
        )
    kinds = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)
    if not isinstance(private, kinds):
        raise UsageError(
            "Browsers know no certificates with a key of this kind.",
            hint="Use a key of RSA or an elliptic curve.",
        )
    return private


def _certificates(pem: bytes) -> Sequence[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    _refuse_long(pem, "certificate")
    return load_pem_x509_certificates(pem)


def _in_order(own: Certificate, others: list[Certificate]) -> list[Certificate]:
    """Return the chain from `own` on.

    Raises:
        UsageError: some of the others are no part of it.
    """
    chain = [own]
    while others:
        issuer = next((one for one in others if _vouches(one, chain[-1])), None)
        if issuer is None:
            raise UsageError(
                f"The chain holds a certificate that vouches for none of it: "
                f"{_name(others[0].subject.rfc4514_string())}.",
                hint="Leave it out: the certificate, then the one that vouches for it, and so on.",
            )
        others.remove(issuer)
        chain.append(issuer)
    return chain


def _vouches(issuer: Certificate, certificate: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _refuse_invalid(chain: Sequence[Certificate]) -> None:
    now = datetime.now(UTC)
    for place, one in enumerate(chain):
        which = "The certificate" if place == 0 else f"Certificate {place + 1} of the chain"
        if one.not_valid_after_utc <= now:
            raise UsageError(
                f"{which} expired on {one.not_valid_after_utc:%Y-%m-%d}.",
                hint="Have it renewed by whoever issued it, and give the new one.",
            )
        if one.not_valid_before_utc > now:
            raise UsageError(
                f"{which} is valid only from {one.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on.",
                hint="Wait until then, or set this machine's clock: date",
            )


def _facts(chain: Sequence[Certificate]) -> Facts:
    from cryptography.hazmat.primitives.hashes import SHA256

    own = chain[0]
    return Facts(
        names=_names(own),
        subject=_name(own.subject.rfc4514_string()),
        issuer=_name(own.issuer.rfc4514_string()),
        self_signed=_vouches(own, own),
        valid_from=own.not_valid_before_utc.timestamp(),
        valid_until=own.not_valid_after_utc.timestamp(),
        fingerprint=own.fingerprint(SHA256()).hex(),
        key=_kind(own),
        chain=len(chain),
    )


def _names(certificate: Certificate) -> tuple[HostName, ...]:
    """Return the hosts of a certificate; its common name is none, as browsers see it (RFC 9525)."""
    from cryptography.x509 import DNSName, ExtensionNotFound, SubjectAlternativeName

    try:
        found = certificate.extensions.get_extension_for_class(SubjectAlternativeName)
    except ExtensionNotFound:
        return ()
    spelled = (HostName.normalise(name) for name in found.value.get_values_for_type(DNSName))
    # What is no host name can be nobody's host.
    return tuple(HostName(name) for name in spelled if HostName.pattern.fullmatch(name))


def _kind(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {public.curve.name}"
    return "Ed25519"


def _name(text: str) -> str:
    """Return a name of somebody's choosing so that a terminal shows it and does nothing else."""
    return "".join(character if character.isprintable() else "?" for character in text[:200])


def _refuse_long(pem: bytes, what: str) -> None:
    if len(pem) > LONGEST:
        raise UsageError(
            f"The {what} has more than {LONGEST // 1024} KiB.",
            hint=f"Give the file that holds the {what} alone.",
        )


def _no_certificate() -> UsageError:
    return UsageError(
        "The certificate is none in PEM form.",
        hint="It begins with -----BEGIN CERTIFICATE-----; from DER it is made by: "
        "openssl x509 -inform der -in CERT -out server.crt",
    )
