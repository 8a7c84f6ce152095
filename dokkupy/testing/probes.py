"""What contract tests do from outside a container: type into it, and visit it."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request


class typed_stdin:  # noqa: N801 - reads like the context manager it is
    """Let this process's stdin be `text` for a while."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def __enter__(self) -> None:
        self._kept = os.dup(0)
        read_end, write_end = os.pipe()
        os.dup2(read_end, 0)
        os.close(read_end)
        self._writer = threading.Thread(target=self._write, args=(write_end,))
        self._writer.start()

    def _write(self, write_end: int) -> None:
        with os.fdopen(write_end, "wb") as file:
            file.write(self._text)

    def __exit__(self, *_: object) -> None:
        self._writer.join()
        os.dup2(self._kept, 0)
        os.close(self._kept)


def visit(url: str) -> tuple[int, str] | None:
    """Return status and body of a page, None when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - made here
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except urllib.error.URLError:
        return None
