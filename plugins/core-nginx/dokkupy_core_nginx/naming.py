"""Where the parts of a configuration lie, and whose part a file is.

A part's name carries a digest of its text, so that configurations share the parts in which they
agree: one that differs in a single app costs a single file, however many apps there are.
"""

from __future__ import annotations

import re
from typing import Final

APPS: Final = "apps"
SNIPPETS: Final = "snippets"
PARTS: Final = (APPS, SNIPPETS)

_DIGEST: Final = "[0-9a-f]{16}"
_PART: Final = re.compile(
    rf"{APPS}/(?P<owner>[a-z0-9-]+)\.{_DIGEST}\.conf"
    rf"|{SNIPPETS}/(?P<app>[a-z0-9-]+)\.(?P<plugin>[^/]+)\.{_DIGEST}\.conf"
)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


def app_file(app: str, text: str) -> str:
    """Return the path of an app's own part, relative to the configurations' folder."""
    return f"{APPS}/{app}.{_digest(text)}.conf"


def snippet_file(app: str, plugin: str, text: str) -> str:
    """Return the path of what one plugin adds to an app."""
    return f"{SNIPPETS}/{app}.{_UNSAFE.sub('_', plugin)}.{_digest(text)}.conf"


def owner(path: str) -> tuple[str, str]:
    """Return the app whose part a file is, and the plugin unless it is the app's own part.

    Both are empty for files that belong to no app.
    """
    found = _PART.fullmatch(path)
    if found is None:
        return "", ""
    return found["owner"] or found["app"], found["plugin"] or ""


def _digest(text: str) -> str:
    from hashlib import blake2b

    return blake2b(text.encode(), digest_size=8).hexdigest()
