"""The page that visitors of a closed app get."""

from __future__ import annotations

from html import escape


def directives(app: str, note: str) -> str:
    """Return what stands in the app's `server` block; the note has no quotes, `$` or `\\`."""
    page = (
        "<!doctype html><meta charset='utf-8'><title>Closed</title>"
        f"<h1>{escape(app)} is closed</h1><p>{escape(note)}</p>"
    )
    return "\n".join(
        [
            "error_page 503 @deploy_notes;",
            # Whoever vouches for a certificate must get the proof that it asks for.
            'if ($uri !~ "^/\\.well-known/acme-challenge/") { return 503; }',
            "location @deploy_notes {",
            "    default_type text/html;",
            "    add_header Retry-After 3600 always;",
            f'    return 503 "{page}";',
            "}",
            "",
        ]
    )
