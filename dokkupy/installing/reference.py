"""What a person may name to be installed: a plugin, a wheel, a project's folder, a git URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from dokkupy.errors import NotFound, UsageError
from dokkupy.remote import is_far

PREFIX: Final = "dokkupy-plugin-"
GIT_SCHEMES: Final = ("https", "ssh", "file")
"""Over these a repository may be read; what is not encrypted is not among them."""
_GIT: Final = "git+"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SUBDIRECTORY: Final = re.compile(r"subdirectory=[A-Za-z0-9_-][A-Za-z0-9_./-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One thing to install, as an installer is told of it."""

    kind: Literal["name", "wheel", "project", "git"]
    requirement: str
    """The one argument that says what: `dokkupy-plugin-x==1.2`, a path, a URL."""
    plugin: str = ""
    """The plugin's name, where it is known before anything is fetched."""
    pinned: bool = False
    """Whether a version was asked for."""


def distribution_of(plugin: str) -> str:
    """Return the name of the distribution that brings a plugin."""
    return f"{PREFIX}{plugin}"


def parse(text: str) -> Reference:
    """Read what a person typed after `plugin install`.

    Raises:
        UsageError: it can be none of the four, or names a repository in a way that is not safe.
        NotFound: it is a path, and nothing that can be installed is there.
    """
    if not text.isprintable() or text != text.strip() or text.startswith("-") or not text:
        raise UsageError(
            f"{text!a} is nothing to install.",
            hint="Give a plugin's name, a wheel, a project's folder or a git URL.",
        )
    scheme = urlsplit(text).scheme
    if text.startswith(_GIT) or (scheme and text.endswith(".git")):
        return _git(text)
    if "://" in text or scheme == "ext":
        raise UsageError(
            f"{text!a} is not the address of a git repository.",
            hint="Write git+https://HOST/PATH, or download the wheel and give its path.",
        )
    if text.endswith(".whl") or "/" in text or text in (".", ".."):
        return _path(Path(text).expanduser().absolute())
    return _name(text)


def _name(text: str) -> Reference:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        wanted = None
    if wanted is None or wanted.url or wanted.extras or wanted.marker:
        raise UsageError(
            f"{text!a} is not the name of a plugin.",
            hint="Write NAME or NAME==VERSION; a path has a slash in it: ./FOLDER",
        )
    plugin = canonicalize_name(wanted.name).removeprefix(PREFIX)
    if not _NAME.fullmatch(plugin):
        raise UsageError(
            f"{plugin!a} is not the name of a plugin.", hint="See: dokkupy plugin list"
        )
    return Reference(
        kind="name",
        requirement=f"{distribution_of(plugin)}{wanted.specifier}",
        plugin=plugin,
        pinned=bool(wanted.specifier),
    )


def _path(path: Path) -> Reference:
    if is_far():
        raise UsageError(
            f"{str(path)!a:.120} would be a file of the server, which nobody can name from afar.",
            hint="Install it by its name or from git, or on the server itself.",
        )
    if path.suffix == ".whl" and path.is_file():
        return Reference(kind="wheel", requirement=str(path), pinned=True)
    if any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        return Reference(kind="project", requirement=str(path), pinned=True)
    raise NotFound(
        f"There is no wheel and no Python project at {str(path)!a}.",
        hint="Give a file that ends in .whl, or a folder with a pyproject.toml.",
    )


def _git(text: str) -> Reference:
    try:
        url = urlsplit(text.removeprefix(_GIT))
        secret = url.password
    except ValueError as error:
        raise UsageError(f"This is no URL: {error}.") from None
    if url.scheme not in GIT_SCHEMES:
        raise UsageError(
            f"A repository is not read over {url.scheme or 'nothing'!a}.",
            hint=f"Use one of: {', '.join(f'git+{scheme}://' for scheme in GIT_SCHEMES)}",
        )
    if secret is not None or (url.scheme == "https" and url.username):
        # Everybody on the machine can read the arguments of a process.
        raise UsageError(
            "A URL with a password or token in it would be seen by others.",
            hint="Keep it with a git credential helper, or use git+ssh:// and a key.",
        )
    if url.scheme != "file" and (not url.hostname or url.hostname.startswith("-")):
        raise UsageError("The URL names no host.", hint="Write git+https://HOST/PATH")
    unsafe = ".." in url.fragment.split("/")
    if url.query or unsafe or (url.fragment and not _SUBDIRECTORY.fullmatch(url.fragment)):
        raise UsageError(
            "After the path of a repository only @REVISION and #subdirectory=FOLDER may stand."
        )
    return Reference(kind="git", requirement=f"{_GIT}{url.geturl()}", pinned=True)
