"""Archives that lie behind a URL: https alone, within bounds of time."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPMessage
from typing import IO, Final, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit

from dokkupy.errors import Refused, UsageError

SCHEME: Final = "https://"
ANSWER_SECONDS: Final = 30.0
"""How long a server may say nothing."""
LONGEST_SECONDS: Final = 900.0
"""How long one archive may take; its size has a limit of its own."""


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """Give what lies behind an https URL as a stream.

    Raises:
        UsageError: it is no such URL.
        Refused: the server does not give it, or leads elsewhere than https.
    """
    headers = {"User-Agent": "dokkupy"}
    request = urllib.request.Request(_checked(url), headers=headers)  # noqa: S310 - https alone
    with _told(url):
        answer = _opener().open(request, timeout=ANSWER_SECONDS)
    with answer:
        yield cast("IO[bytes]", _Timed(answer, url))


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        reason = f"{error.code} {error.reason}" if isinstance(error, HTTPError) else str(error)
        raise Refused(
            f"The archive cannot be fetched from {urlsplit(url).hostname}: {reason}.",
            hint="See why, or fetch it yourself and send it: curl --fail --location URL | "
            "dokkupy git from-archive APP",
        ) from error


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.isascii() or " " in url:
        raise UsageError(f"{url!a:.200} is no https URL.", hint="Give one, or a file, or `-`.")
    if parts.username is not None or parts.password is not None:
        # It would be in the list of processes and in the ledger.
        raise UsageError(
            "A URL must not carry a password.",
            hint="Fetch the archive yourself and send it: dokkupy git from-archive APP < FILE",
        )
    return url


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows no server to another protocol."""

    def redirect_request(  # noqa: PLR0917 - the signature is the library's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.startswith(SCHEME):
            raise Refused(
                f"The server leads to {newurl!a:.200}, which is no https URL.",
                hint="Give the URL of the archive itself.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens https and nothing else; the usual one reads files and ftp too."""
    director = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _OnlyHttps(),
    ):
        director.add_handler(handler)
    return director


class _Timed:
    """A stream that ends in a refusal when it takes too long."""

    def __init__(self, stream: IO[bytes], url: str) -> None:
        self._stream = stream
        self._url = url
        self._deadline = time.monotonic() + LONGEST_SECONDS

    def read(self, size: int = -1) -> bytes:
        if time.monotonic() > self._deadline:
            raise Refused(
                f"The archive was not there after {LONGEST_SECONDS:g} s.",
                hint="Fetch it yourself and send it: dokkupy git from-archive APP < FILE",
            )
        with _told(self._url):
            return self._stream.read(size)
