"""The directives that show visitors a page instead of the app."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from dokkupy_maintenance.keeping import State

LONGEST_PAGE: Final = 64 * 1024
"""Bytes; images and style sheets of a page lie elsewhere, for here nothing else is answered."""
_LONGEST_PART: Final = 2000
"""Bytes, and one escape more; nginx takes 4,096 as one parameter."""

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "$": "${dokkupy_dollar}"}


def render(app: str, state: State) -> str:
    """Return what stands in the app's `server` block."""
    parts = list(_parts(state.page or default_page(app)))
    names = [f"$dokkupy_maintenance_{number}" for number in range(len(parts))]
    lines = [
        # Whoever vouches for a certificate must get the proof that it asks for.
        "set $dokkupy_maintenance on;",
        'if ($uri ~ "^/\\.well-known/acme-challenge/") { set $dokkupy_maintenance ""; }',
        "error_page 503 @dokkupy_maintenance;",
        "if ($dokkupy_maintenance) { return 503; }",
        "location @dokkupy_maintenance {",
        "    default_type text/html;",
        "    charset utf-8;",
        "    add_header Cache-Control no-store always;",
        f"    add_header Retry-After {state.retry_after} always;",
        *(f'    set {name} "{part}";' for name, part in zip(names, parts, strict=True)),
        f'    return 503 "{"".join(names)}";',
        "}",
    ]
    return "\n".join(lines) + "\n"


def default_page(app: str) -> str:
    """Return the page of apps that have none of their own."""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>Back soon</title>"
        "<style>body{font:16px/1.6 system-ui,sans-serif;max-width:38em;margin:15vh auto;"
        "padding:0 1em}</style>"
        f"<h1>{escape(app)} is being worked on</h1>"
        "<p>It will be back soon. Please try again in a few minutes.</p></html>"
    )


def _parts(page: str) -> Iterator[str]:
    """Yield a page in quoted parts; no escape is ever cut in two."""
    part, size = [], 0
    for character in page:
        escaped = _ESCAPES.get(character, character)
        part.append(escaped)
        size += len(escaped.encode())
        if size > _LONGEST_PART:
            yield "".join(part)
            part, size = [], 0
    yield "".join(part)
