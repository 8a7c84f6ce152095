"""Certificates that vouch for themselves, for tests and for machines without a public name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from dokkupy.names import HostName
from dokkupy_certs.material import Material, parse

VALID_DAYS: Final = 365
_LONGEST_COMMON_NAME: Final = 64
"""Characters (RFC 5280, appendix A.1)."""


def self_signed(hosts: Sequence[HostName]) -> Material:
    """Make a key, and a certificate for hosts that is signed with it; at least one host."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    private = ec.generate_private_key(ec.SECP256R1())
    common = hosts[0] if len(hosts[0]) <= _LONGEST_COMMON_NAME else "dokkupy"
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, str(common))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # An hour back, for visitors whose clocks are behind.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return parse(made.public_bytes(Encoding.PEM), key)
