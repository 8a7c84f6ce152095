"""Images coming from registries and archives, and going."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO, Final

from dokkupy.engine_docker import registry
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.references import split_reference
from dokkupy.engine_docker.wire import Upload, messages, open_stream
from dokkupy.errors import Conflict, EngineError, ImageNotFound, NotFound, UsageError

_IMPORT_SECONDS: Final = 600.0
_CHUNK: Final = 1024 * 1024


def pull(client: Client, reference: str, timeout: float) -> None:
    """Fetch an image from its registry within `timeout` seconds.

    Raises:
        ImageNotFound: the registry has none, does not answer, or is too slow.
    """
    client.ping()
    try:
        _pull(client, reference, time.monotonic() + timeout)
    except (NotFound, EngineError, TimeoutError) as error:
        raise ImageNotFound(
            f"The image {reference} cannot be pulled.",
            hint=registry.pull_hint(reference, str(error)),
            detail=str(error) or f"It was not complete after {timeout:g} s.",
        ) from error


def _pull(client: Client, reference: str, deadline: float) -> None:
    repository, tag = split_reference(reference)
    query = {"fromImage": repository, "tag": tag}
    left = max(0.1, deadline - time.monotonic())
    with open_stream(
        client.socket,
        "POST",
        "/images/create",
        query=query,
        headers=registry.headers(client.logins(), repository),
        timeout=left,
    ) as stream:
        for message in messages(stream):
            if "error" in message:
                raise EngineError(str(message["error"]))
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            stream.connection.settimeout(left)


def import_image(client: Client, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
    """Make an image of a root file system's tar file and return its id.

    Raises:
        EngineError: it is no tar.
    """
    repository, tag = split_reference(reference)
    changes = [f"LABEL {_quoted(key)}={_quoted(labels[key])}" for key in sorted(labels)]
    query = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": "\n".join(changes)}
    with with_size(tar) as upload:
        answer = list(_imported(client, query, upload))
    last = answer[-1] if answer else {}
    if "status" not in last:
        raise EngineError(
            f"Docker could not import {reference}: {last.get('error', 'it said nothing')}.",
            hint="See whether it is a whole tar archive: tar --list",
        )
    return str(last["status"])


def _imported(
    client: Client, query: Mapping[str, str], upload: Upload
) -> Iterator[dict[str, object]]:
    with open_stream(
        client.socket,
        "POST",
        "/images/create",
        query=query,
        headers={"Content-Type": "application/x-tar"},
        body=upload,
        timeout=_IMPORT_SECONDS,
    ) as stream:
        yield from messages(stream)


@contextmanager
def with_size(tar: IO[bytes]) -> Iterator[Upload]:
    """Give the rest of a file as a body; what comes from a pipe is put on disk to be measured."""
    import shutil
    import tempfile

    with ExitStack() as opened:
        source = tar
        if not tar.seekable():
            source = opened.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(tar, source, _CHUNK)
            source.seek(0)
        begin = source.tell()
        size = source.seek(0, os.SEEK_END) - begin
        source.seek(begin)
        yield Upload(size=size, pieces=iter(lambda: source.read(_CHUNK), b""))


def remove_image(client: Client, reference: str) -> None:
    """Remove a tag, or an image that no container uses; a missing one is fine."""
    try:
        client.delete(f"/images/{reference}")
    except ImageNotFound:
        return
    except Conflict as error:
        if "multiple repositories" not in error.message:
            raise
        # An id with several names goes with the last of them.
        for tag in client.get(f"/images/{reference}/json")["RepoTags"]:
            remove_image(client, tag)


def _quoted(text: str) -> str:
    """Return `text` as one word of a Dockerfile instruction."""
    if not text.isprintable():
        raise UsageError(f"{text!a} cannot be a label.", hint="Use printable characters only.")
    for special in "\\", '"', "$":
        text = text.replace(special, f"\\{special}")
    return f'"{text}"'
