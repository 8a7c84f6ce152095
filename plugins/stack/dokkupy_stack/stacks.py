"""The stacks there are, and the image names they answer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from dokkupy.errors import NotFound
from dokkupy.names import Name
from dokkupy_stack.certificates import BUNDLE
from dokkupy_stack.npm_settings import NPMRC
from dokkupy_stack.settings import os_release

REPOSITORY: Final = "dokkupy"
"""The first part of a stack's image names; no registry is ever asked for them."""


class StackName(Name):
    """The name of a stack: the last part of its image's repository."""

    __slots__ = ()
    noun = "stack name"
    pattern = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
    rule = "lower-case letters, digits and inner dashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A base image for apps: packages on top of another stack, or of plain Debian."""

    name: StackName
    summary: str
    version: str = ""
    """The tag beside `latest` that can be asked for; empty is the distribution's release."""
    parent: StackName | None = None
    packages: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    """Dockerfile instructions after the packages."""
    bare: bool = False
    """True: one layer, in which nothing is left that was taken over from the machine.

    What stands on it gets that back, and what package managers of languages need besides.
    """

    @property
    def image(self) -> str:
        """The name without a tag: `dokkupy/python`."""
        return f"{REPOSITORY}/{self.name}"

    @property
    def tags(self) -> tuple[str, ...]:
        """Every full name that a Dockerfile may use."""
        return (f"{self.image}:latest", f"{self.image}:{self.version or release()}")


@cache
def release() -> str:
    """Return the name of this machine's distribution release: `bookworm`."""
    return os_release(Path("/")).get("VERSION_CODENAME", "stable")


BASE: Final = Stack(
    name=StackName("base"),
    version="1",
    summary="Debian with the machine's certificates and package sources",
    commands=("ENV LANG=C.UTF-8", 'CMD ["bash"]'),
)

PYTHON: Final = Stack(
    name=StackName("python"),
    version="3",
    summary="base with Python 3, pip and venv",
    parent=BASE.name,
    packages=("python3", "python3-venv"),
    commands=(
        # A virtual environment, because Debian's own refuses `pip install` (PEP 668).
        "RUN python3 -m venv /opt/python",
        "ENV PATH=/opt/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV PYTHONUNBUFFERED=1",
        'CMD ["python"]',
    ),
)

RUN: Final = Stack(
    name=StackName("run"),
    summary="what apps built by buildpacks run on: Debian with Python 3, as user app",
    parent=BASE.name,
    packages=("python3", "libmariadb3", "libpq5"),
    commands=(
        (
            "RUN useradd --uid 1000 --user-group --home-dir /app --create-home --skel /dev/null"
            " --shell /bin/bash app"
        ),
        "ENV LANG=C.UTF-8 HOME=/app",
        "USER app",
        "WORKDIR /app",
        'CMD ["bash"]',
    ),
    bare=True,
)

BUILD: Final = Stack(
    name=StackName("build"),
    summary="what buildpacks build on: run with compilers, headers and tools",
    parent=RUN.name,
    packages=(
        "build-essential",
        "bzip2",
        "curl",
        "default-libmysqlclient-dev",
        "file",
        "git",
        "jq",
        "libffi-dev",
        "libjpeg-dev",
        "libpq-dev",
        "libssl-dev",
        "libxml2-dev",
        "libxslt1-dev",
        "libyaml-dev",
        "npm",
        "pkg-config",
        "procps",
        "python3-dev",
        "python3-venv",
        "unzip",
        "xz-utils",
        "zlib1g-dev",
    ),
    commands=(
        # A volume that is empty takes its owner from here.
        "RUN install --directory --owner=app --group=app /build",
        f"ENV SSL_CERT_FILE={BUNDLE} REQUESTS_CA_BUNDLE={BUNDLE} NODE_EXTRA_CA_CERTS={BUNDLE}",
        f"ENV NPM_CONFIG_GLOBALCONFIG={NPMRC}",
        "USER app",
    ),
)

STACKS: Final = {stack.name: stack for stack in (BASE, PYTHON, RUN, BUILD)}


def stack_named(name: StackName) -> Stack:
    """Return the stack called `name`.

    Raises:
        NotFound: there is none.
    """
    stack = STACKS.get(name)
    if stack is None:
        raise NotFound(f"Stack {name} does not exist.", hint="dokkupy stack list")
    return stack


def stack_of(reference: str) -> Stack | None:
    """Return the stack that an image reference names, or None when it names none of ours.

    Raises:
        NotFound: the stack exists, but not under that tag or digest.
    """
    repository, slash, rest = reference.partition("/")
    name = re.split("[:@]", rest, maxsplit=1)[0]
    stack = STACKS.get(StackName(name))
    if repository != REPOSITORY or not slash or stack is None:
        return None
    if rest != name and reference not in stack.tags:
        raise NotFound(
            f"Stack {name} has no image {reference!a}.",
            hint=f"Write FROM {stack.tags[1]} in the Dockerfile.",
        )
    return stack


def lineage(stack: Stack) -> Iterator[Stack]:
    """Yield the stacks that `stack` is made of, the undermost first, itself last."""
    if stack.parent is not None:
        yield from lineage(STACKS[stack.parent])
    yield stack
