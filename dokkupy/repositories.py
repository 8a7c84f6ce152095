"""Other people's git repositories: how they may be named, and how they are fetched from."""

from __future__ import annotations

import os
import re
import resource
import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from dokkupy import git
from dokkupy.errors import NotFound, Refused, UsageError

FETCH_SECONDS: Final = 900.0
"""How long fetching from one repository may take."""
LOOK_SECONDS: Final = 60.0
"""How long a repository may take to say what it has."""
LARGEST: Final = 2 * 1024**3
"""Bytes of the largest file, which is the pack, that a fetch may write."""
LONGEST: Final = 2000

_HOST: Final = r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])"
_USER: Final = r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?"
_PATH: Final = r"[!-~]+"
_FAR: Final = re.compile(
    rf"https://{_HOST}(?::[0-9]{{1,5}})?/{_PATH}"
    rf"|ssh://{_USER}{_HOST}(?::[0-9]{{1,5}})?/{_PATH}"
    rf"|{_USER}{_HOST}:(?![:/-]){_PATH}"
)
"""Neither a password, which would show in the list of processes, nor `ext::`, nor an option."""
_NEAR: Final = re.compile(r"/[^\0-\x1f\x7f]*")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
SSH: Final = "ssh -o BatchMode=yes -o ConnectTimeout=30"
"""How git calls ssh where nobody has keys of their own for it: see `dokkupy.deploy_keys.way`."""
_UNKNOWN_HOST: Final = "Host key verification failed"
_OTHER_HOST: Final = "REMOTE HOST IDENTIFICATION HAS CHANGED"
_NO_KEY: Final = "Permission denied (publickey"
_TOO_LARGE: Final = ("signal 25", "File too large")
_SETTINGS: Final = (
    "protocol.version=2",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
    "fetch.fsck.badTimezone=warn",
    "fetch.fsck.missingSpaceBeforeDate=warn",
    "fetch.fsck.zeroPaddedFilemode=warn",
    "transfer.fsckObjects=true",
    "gc.auto=0",
)


class RepositoryUrl(str):
    """Where a repository is: https, ssh, `USER@HOST:PATH`, or a folder of this machine."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` when it names a repository.

        Raises:
            UsageError: it does not, or asks for another protocol.
        """
        if len(text) <= LONGEST and (_FAR.fullmatch(text) or _NEAR.fullmatch(text)):
            return cls(text)
        shown = re.sub(r"//[^/@]*@", "//…@", text[:200])
        raise UsageError(
            f"{shown!a} is no repository that can be fetched from.",
            hint="Give https://HOST/PATH or ssh://USER@HOST/PATH, without a password in it.",
        )

    @property
    def near(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.startswith("/")

    @property
    def ssh_host(self) -> str:
        """The server that it is on, `HOST` or `HOST:PORT`, when it is come to by ssh."""
        if self.startswith("ssh://"):
            return self.removeprefix("ssh://").partition("/")[0].rpartition("@")[2]
        return self.partition(":")[0].rpartition("@")[2]

    def beside(self, relative: str) -> RepositoryUrl:
        """Return what a URL that begins with `./` or `../` means beside this repository.

        Raises:
            UsageError: it leads beyond the host.
        """
        base, rest = self.rstrip("/"), relative
        while rest.startswith(("./", "../")):
            step, _, rest = rest.partition("/")
            if step == "..":
                cut = max(base.rfind("/"), base.rfind(":"))
                base, mark = base[:cut], base[cut : cut + 1]
                if mark == ":":
                    return RepositoryUrl.parse(f"{base}:{rest}")
        if ".." in rest.split("/"):
            raise UsageError(f"{relative!a:.200} is no URL.", hint="Write it as a whole: https://…")
        return RepositoryUrl.parse(f"{base}/{rest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a repository has under a name."""

    source: str
    """The ref, or the commit, to ask for."""
    branch: str = ""
    """Its name when it is a branch."""


def look(repository: Path, url: RepositoryUrl, wanted: str | None, *, ssh: str = SSH) -> Found:
    """Find a branch, a tag or a whole commit id; without any the branch that `HEAD` is.

    Raises:
        NotFound: there is none.
        Refused: the repository does not answer.
    """
    patterns = ["HEAD", f"{git.BRANCHES}{wanted}", f"refs/tags/{wanted}"] if wanted else ["HEAD"]
    asked = ["ls-remote", "--symref", "--", url, *patterns]
    listed = _ask(repository, url, LOOK_SECONDS, asked, ssh)
    rows = [row.partition("\t")[::2] for row in listed.splitlines()]
    there = {name for _, name in rows}
    if wanted is None:
        for said, name in rows:
            if name == "HEAD" and said.startswith(f"ref: {git.BRANCHES}"):
                ref = said.removeprefix("ref: ")
                return Found(source=ref, branch=ref.removeprefix(git.BRANCHES))
    elif f"{git.BRANCHES}{wanted}" in there:
        return Found(source=f"{git.BRANCHES}{wanted}", branch=wanted)
    elif f"refs/tags/{wanted}" in there:
        return Found(source=f"refs/tags/{wanted}")
    elif _COMMIT.fullmatch(wanted):
        return Found(source=wanted)
    raise NotFound(
        f"{url} has no {wanted or 'default branch'!a:.120}.",
        hint=f"See what it has: git ls-remote {shlex.quote(url)}",
    )


def fetch(
    repository: Path,
    url: RepositoryUrl,
    source: str,
    ref: str,
    *,
    depth: int = 0,
    ssh: str = SSH,
) -> str:
    """Have `ref` stand at what another repository has under `source`; return the commit's id.

    Raises:
        Refused: it does not answer, has no such thing, or takes too long or too much room.
    """
    deepen = [f"--depth={depth}"] if depth else []
    words = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", *deepen]
    asked = ["fetch", *words, "--", url, f"+{source}:{ref}"]
    _ask(repository, url, FETCH_SECONDS, asked, ssh)
    return git.at(repository, f"{ref}^{{commit}}") if "*" not in ref else ""


def _ask(
    repository: Path, url: RepositoryUrl, seconds: float, words: Sequence[str], ssh: str
) -> str:
    """Run git against another repository, with no way for it to ask or to do anything else."""
    settings = [*_SETTINGS]
    if bundle := os.environ.get("SSL_CERT_FILE"):
        settings.append(f"http.sslCAInfo={bundle}")
    given = [word for setting in settings for word in ("-c", setting)]
    environment = git.environment() | {
        "GIT_ALLOW_PROTOCOL": "file" if url.near else "https:ssh",
        "GIT_SSH_COMMAND": ssh,
        "GIT_SSH_VARIANT": "ssh",
        "GIT_ASKPASS": "false",
        "SSH_ASKPASS": "false",
    }
    with subprocess.Popen(
        ["git", f"--git-dir={repository}", *given, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        with suppress(ProcessLookupError):  # it has ended already
            # Git has to hear from the other side first, before it starts what writes.
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
        try:
            said, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            error = f"It took longer than {seconds:g} s."
        except BaseException:
            _end(process)
            raise
        else:
            if process.returncode == 0:
                return said
        _end(process)
    raise _refusal(url, error.strip())


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _refusal(url: RepositoryUrl, error: str) -> Refused:
    hint = f"See why: git ls-remote {shlex.quote(url)}"
    if _OTHER_HOST in error:
        error = f"It has another host key than the one that is trusted.\n{error}"
    if _UNKNOWN_HOST in error or _OTHER_HOST in error:
        hint = f"Have its host key looked at and trusted: dokkupy git trust {url.ssh_host}"
    elif _NO_KEY in error:
        hint = "Let the key in there that this shows: dokkupy git key APP, or --global for all apps"
    if any(sign in error for sign in _TOO_LARGE):
        error = f"It is larger than {LARGEST // 1024**2} MiB.\n{error}"
        hint = "Fetch less of it: name a branch or a tag."
    return Refused(f"{url} cannot be fetched from.", hint=hint, detail=error)
