"""The names of images, taken apart as the engine's API wants them."""

from __future__ import annotations


def split_reference(reference: str) -> tuple[str, str]:
    """Split `host:5000/name:tag`; no tag means `latest`, and a digest counts instead of one."""
    named, at, digest = reference.partition("@")
    if at:
        return split_reference(named)[0], digest
    repository, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        return reference, "latest"
    return repository, tag
