"""What visitors read where no app answers; each page must fit into one nginx parameter."""

from __future__ import annotations

from html import escape
from typing import Final

_PAGE: Final = (
    "<!doctype html><html lang='en'><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width'><title>{title}</title>"
    "<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:38em;margin:15vh auto;"
    "padding:0 1em}}"
    "pre{{background:#f2f2f2;padding:1em;overflow:auto}}</style>"
    "<h1>{title}</h1>{body}</html>"
)


def never_deployed(app: str) -> str:
    """Return the page of an app that exists and has no release yet."""
    name = escape(app)
    return _PAGE.format(
        title=f"{name} has not been deployed yet",
        body=(
            "<p>This is the place of an app that waits for its first push. "
            "On the server, ask for its address:</p>"
            f"<pre>dokkupy git remote {name}</pre>"
            "<p>Then, in the app's repository:</p>"
            "<pre>git remote add dokkupy ADDRESS&#10;git push dokkupy main</pre>"
        ),
    )


def stopped(app: str) -> str:
    """Return the page of an app that nothing runs for."""
    name = escape(app)
    return _PAGE.format(
        title=f"{name} is stopped",
        body="<p>The app is there, and none of its web processes runs at the moment.</p>",
    )


def withheld(app: str) -> str:
    """Return the page of an app whose directives nginx refuses and never accepted before."""
    name = escape(app)
    return _PAGE.format(
        title=f"{name} is not served",
        body="<p>The proxy refuses its configuration; why, says</p><pre>dokkupy nginx status</pre>",
    )
