"""Commits in an app's repository without a working tree."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dokkupy import git

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

_AUTHOR = "Test <test@example.com> 1700000000 +0000"


def commit(platform: Platform, app: AppName, files: Mapping[str, str]) -> str:
    """Make a commit of exactly `files` (path -> text) the tip of `main`; return its id."""
    repository = git.ensure_repo(platform.paths, app)
    stream = [b"commit refs/heads/main\n", f"committer {_AUTHOR}\n".encode(), b"data 4\ntest\n"]
    stream.append(b"deleteall\n")
    for path, text in files.items():
        content = text.encode()
        stream += [f"M 100644 inline {path}\ndata {len(content)}\n".encode(), content, b"\n"]
    subprocess.run(
        ["git", "-C", repository, "fast-import", "--quiet", "--force"],
        input=b"".join(stream),
        check=True,
    )
    return git.resolve(platform.paths, app, "main")
