"""Passwords as nginx compares them: through the crypt(3) of the C library's companion."""

from __future__ import annotations

import secrets
from typing import Final

from dokkupy.errors import StateError

_LIBRARIES: Final = ("libcrypt.so.1", "libcrypt.so.2")
_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SALT: Final = 16
"""Characters, the most that SHA-512 takes."""
_ROUNDS: Final = 1000
"""The fewest that SHA-512 takes. A worker that serves every app computes them for each request;
whoever can steal the hash from its file below the root finds the apps' secrets beside it."""


def hashed(password: str) -> str:
    """Return the salted SHA-512 hash of a password, never the same twice.

    The library is the one that nginx itself compares with, so it knows the result.

    Raises:
        StateError: this machine has no such library.
    """
    import ctypes

    salt = "".join(secrets.choice(_ALPHABET) for _ in range(_SALT))
    setting = f"$6$rounds={_ROUNDS}${salt}"
    for name in _LIBRARIES:
        try:
            crypt = ctypes.CDLL(name).crypt
        except (OSError, AttributeError):
            continue
        crypt.restype = ctypes.c_char_p
        crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
        made: bytes | None = crypt(password.encode(), setting.encode())
        if made is not None and made.startswith(setting.encode()):
            return made.decode()
    raise StateError(
        "This machine's crypt library cannot make SHA-512 hashes of passwords.",
        hint="Install it: apt-get install libcrypt1",
    )
