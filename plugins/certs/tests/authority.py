"""Certificates of every kind, right and wrong, made for the tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

DAY = timedelta(days=1)
Private: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey
)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key; with a `parent` that vouches for it, or none."""

    certificate: x509.Certificate
    private: Private

    @classmethod
    def make(
        cls,
        *names: str,
        parent: Pair | None = None,
        subject: str = "test",
        begins: timedelta = -DAY,
        ends: timedelta = 30 * DAY,
        private: Private | None = None,
    ) -> Self:
        private = private or ec.generate_private_key(ec.SECP256R1())
        mine = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, subject)])
        signer = parent.private if parent else private
        builder = (
            x509.CertificateBuilder()
            .subject_name(mine)
            .issuer_name(parent.certificate.subject if parent else mine)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) + begins)
            .not_valid_after(datetime.now(UTC) + ends)
        )
        if names:
            alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternative, critical=False)
        unhashed = isinstance(signer, ed25519.Ed25519PrivateKey)
        return cls(builder.sign(signer, None if unhashed else hashes.SHA256()), private)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key(self) -> bytes:
        return self._key(NoEncryption())

    @property
    def locked_key(self) -> bytes:
        return self._key(BestAvailableEncryption(b"passphrase"))

    def _key(self, encryption: KeySerializationEncryption) -> bytes:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
