"""Images coming from registries and archives, and going."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import IO, Final

from dokkupy.engine_docker.client import Client
from dokkupy.errors import Conflict, EngineError, ImageNotFound, NotFound, UsageError

_IMPORT_SECONDS: Final = 600.0
_CHUNK: Final = 1024 * 1024


def pull(client: Client, reference: str, timeout: float) -> None:
    """Fetch an image from its registry within `timeout` seconds.

    Raises:
        ImageNotFound: the registry has none, does not answer, or is too slow.
    """
    repository, tag = split_reference(reference)
    deadline = time.monotonic() + timeout
    client.ping()
    try:
        with client.asking(timeout) as api:
            for message in api.pull(repository, tag=tag, stream=True, decode=True):
                if "error" in message:
                    raise EngineError(message["error"])
                if time.monotonic() > deadline:
                    raise EngineError(f"not complete after {timeout:g} s")
    except (NotFound, EngineError) as error:
        raise ImageNotFound(
            f"The image {reference} cannot be pulled.",
            hint=f"See why: docker pull {reference}",
            detail=error.message,
        ) from error


def import_image(client: Client, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
    """Make an image of a root file system's tar stream and return its id.

    Raises:
        EngineError: the stream is no tar.
    """
    repository, tag = split_reference(reference)
    chunks = iter(lambda: tar.read(_CHUNK), b"")
    changes = [f"LABEL {_quoted(key)}={_quoted(labels[key])}" for key in sorted(labels)]
    with client.asking(_IMPORT_SECONDS) as api:
        answer: str = api.import_image_from_stream(
            chunks, repository=repository, tag=tag, changes=changes
        )
    last = json.loads(answer.strip().splitlines()[-1])
    if "error" in last:
        raise EngineError(
            f"Docker could not import {reference}: {last['error']}.",
            hint="See whether it is a whole tar archive: tar --list",
        )
    return str(last["status"])


def remove_image(client: Client, reference: str) -> None:
    """Remove a tag, or an image that no container uses; a missing one is fine."""
    try:
        with client.asking() as api:
            api.remove_image(reference)
    except ImageNotFound:
        return
    except Conflict as error:
        if "multiple repositories" not in error.message:
            raise
        # An id with several names goes with the last of them.
        for tag in client.inspect_image(reference)["RepoTags"]:
            remove_image(client, tag)


def split_reference(reference: str) -> tuple[str, str]:
    """Split `host:5000/name:tag`; no tag means `latest`."""
    repository, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        return reference, "latest"
    return repository, tag


def _quoted(text: str) -> str:
    """Return `text` as one word of a Dockerfile instruction."""
    if not text.isprintable():
        raise UsageError(f"{text!a} cannot be a label.", hint="Use printable characters only.")
    for special in "\\", '"', "$":
        text = text.replace(special, f"\\{special}")
    return f'"{text}"'
