"""The directives that ask visitors of an app for a name and a password."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dokkupy_basic_auth.keeping import Gate
from dokkupy_basic_auth.openings import Opening

ALWAYS_OPEN: Final = (Opening("/.well-known/acme-challenge/"),)
"""Whoever vouches for a certificate must get the proof that it asks for."""

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "$": "${dokkupy_dollar}"}


def render(app: str, gate: Gate, file: Path) -> str:
    """Return what stands in the app's `server` block; `file` holds names and hashes."""
    lines = [f'set $dokkupy_basic_auth "{app} asks for a password";']
    lines += [
        f"if ({one.condition}) {{ set $dokkupy_basic_auth off; }}"
        for one in (*ALWAYS_OPEN, *gate.openings)
    ]
    lines += [
        "auth_basic $dokkupy_basic_auth;",
        f'auth_basic_user_file "{"".join(_ESCAPES.get(one, one) for one in str(file))}";',
        # The password is this gate's, not the app's; behind an open path it may well be.
        'set $dokkupy_authorization "";',
        "if ($dokkupy_basic_auth = off) { set $dokkupy_authorization $http_authorization; }",
        "proxy_set_header Authorization $dokkupy_authorization;",
    ]
    return "\n".join(lines) + "\n"
