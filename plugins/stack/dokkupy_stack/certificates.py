"""The certificate authorities that this machine trusts beside the distribution's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DIRECTORY: Final = "usr/local/share/ca-certificates"
"""Where Debian looks for local ones (update-ca-certificates(8)), relative to the root."""

BUNDLE: Final = "/etc/ssl/certs/ca-certificates.crt"


def read_certificates(root: Path) -> dict[str, str]:
    """Return the private CAs of the machine at `root`: file name -> PEM text.

    A file that holds a private key is never taken.
    """
    found: dict[str, str] = {}
    for path in sorted((root / DIRECTORY).rglob("*.crt")):
        text = path.read_text(encoding="ascii", errors="replace")
        if "BEGIN CERTIFICATE" in text and "PRIVATE KEY" not in text:
            found[path.name] = text
    return found
