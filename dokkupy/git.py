"""The bare repository that each app has: its settings, its hook, its branches, its files."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy import entry
from dokkupy.errors import NotFound, Refused, StateError, UsageError

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.paths import Paths

BRANCHES: Final = "refs/heads/"
ABSENT: Final = "0" * 40
"""How git spells the commit of a branch that does not exist."""
ORIGIN: Final = ("git", "origin")
"""The document of an app with the URL that it was last synced from."""
MODULES_FILE: Final = ".gitmodules"
"""What a source has that means its submodules."""
SUBMODULE_MODE: Final = "160000 "

CONFIG: Final = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = true
\thooksPath = hooks
[receive]
\tprocReceiveRefs = refs
\tadvertisePushOptions = false
\tdenyDeletes = false
\tdenyNonFastForwards = false
\tdenyCurrentBranch = ignore
\tdenyDeleteCurrent = refuse
\tshallowUpdate = false
[transfer]
\tfsckObjects = true
[receive "fsck"]
\tbadTimezone = warn
\tmissingSpaceBeforeDate = warn
\tzeroPaddedFilemode = warn
[uploadpack]
\tallowFilter = true
"""
"""Settings of every repository; those of the user who pushes must not change how a push goes.

Three old and harmless flaws, which many long-lived histories carry, are not reasons to refuse.
"""

HOOK: Final = "from dokkupy.receive import main; main()"
"""What the hook `proc-receive` runs; it finds out from its own place which app it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit, as a person knows it."""

    id: str
    author: str
    at: float
    """Seconds since the epoch (UTC) of the commit."""
    subject: str

    def __str__(self) -> str:
        return f"{self.id[:8]} {self.subject}"


def repository(paths: Paths, app: AppName) -> Path:
    """Return where the app's repository is, or would be."""
    return paths.git / f"{app}.git"


def ensure_repo(paths: Paths, app: AppName) -> Path:
    """Make the app's repository, or bring its settings and hook up to date; return its path."""
    path = repository(paths, app)
    if not (path / "HEAD").exists():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _git(path, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    (path / "hooks").mkdir(mode=0o700, exist_ok=True)
    entry.keep(path / "hooks" / "proc-receive", entry.script(HOOK), mode=0o700)
    entry.keep(path / "config", CONFIG, mode=0o600)
    return path


def move_repo(paths: Paths, app: AppName, new: AppName) -> None:
    """Give the repository of an app that was renamed to its new name; one that has gone is fine.

    A repository that the new name has already takes the branches in that it lacks.

    Raises:
        StateError: it cannot take them in.
    """
    old_path, new_path = repository(paths, app), repository(paths, new)
    if not old_path.exists():
        return
    if new_path.exists():
        # Whether all was taken in, its exit code does not tell: it keeps what has moved on.
        result = _run(new_path, "fetch", "--quiet", "--no-tags", str(old_path), "refs/*:refs/*")
        if lost := _refs(old_path) - _refs(new_path):
            raise StateError(
                f"{new_path} cannot take in what {old_path} has.",
                hint="Mend that, and type the command again: "
                + shlex.join(["git", f"--git-dir={new_path}", "fsck"]),
                detail="\n".join([*sorted(lost), result.stderr.strip()]),
            )
        shutil.rmtree(old_path)
    else:
        old_path.rename(new_path)


def _refs(repository: Path) -> set[str]:
    return set(_git(repository, "for-each-ref", "--format=%(refname)").split())


def copy_repo(paths: Paths, app: AppName, new: AppName) -> None:
    """Make a repository with every branch and tag of another app's."""
    branch = _git(ensure_repo(paths, app), "symbolic-ref", "HEAD").strip()
    path = ensure_repo(paths, new)
    _git(path, "fetch", "--quiet", "--no-tags", str(repository(paths, app)), "+refs/*:refs/*")
    _git(path, "symbolic-ref", "HEAD", branch)


def remove_repo(paths: Paths, app: AppName) -> None:
    """Remove the app's repository; one that does not exist is fine."""
    shutil.rmtree(repository(paths, app), ignore_errors=True)


def resolve(paths: Paths, app: AppName, revision: str) -> str:
    """Return the commit id that a branch, a tag or an abbreviated commit id stands for.

    Raises:
        UsageError: it cannot be a revision.
        NotFound: the repository has no such commit.
    """
    if not revision or revision.startswith("-") or not revision.isprintable():
        raise UsageError(f"{revision[:80]!a} is not a revision.", hint="Name a branch or a commit.")
    for spelled in (BRANCHES + revision, revision):
        found = _try(paths, app, "rev-parse", "--verify", "--quiet", f"{spelled}^{{commit}}")
        if found:
            return found
    raise NotFound(
        f"App {app} has no branch or commit {revision[:80]!a}.",
        hint=f"See what has been pushed: dokkupy git report {app}",
    )


def current(paths: Paths, app: AppName, ref: str) -> str:
    """Return the commit that a ref stands at, `ABSENT` when there is no such ref."""
    return _try(paths, app, "rev-parse", "--verify", "--quiet", ref) or ABSENT


def is_ancestor(paths: Paths, app: AppName, older: str, newer: str) -> bool:
    """Say whether `newer` contains `older` in its history."""
    result = _run(repository(paths, app), "merge-base", "--is-ancestor", older, newer)
    return result.returncode == 0


def commit(paths: Paths, app: AppName, revision: str) -> Commit:
    """Return what a commit says of itself."""
    shown = _git(
        repository(paths, app), "log", "-1", "--format=%H%x00%an%x00%ct%x00%s", revision, "--"
    )
    found, author, at, subject = shown.rstrip("\n").split("\0")
    return Commit(id=found, author=author, at=float(at), subject=subject)


def branches(paths: Paths, app: AppName) -> Mapping[str, str]:
    """Return the branches that have been pushed: name -> commit id."""
    listed = _git(
        repository(paths, app),
        "for-each-ref",
        "--format=%(refname:lstrip=2) %(objectname)",
        BRANCHES,
    )
    return dict(line.split(" ") for line in listed.splitlines())


def refuse_stale(paths: Paths, app: AppName, ref: str, old: str, new: str) -> str:
    """Return where `ref` stands now, if the push of `old` -> `new` may still go on from there.

    It may when nobody has moved the ref since the push was made, or when `new` contains what it
    was moved to. Call it while holding the app's lock.

    Raises:
        Refused: the ref has moved on to something that `new` does not contain.
    """
    now = current(paths, app, ref)
    if now in (old, new) or (now != ABSENT and is_ancestor(paths, app, now, new)):
        return now
    branch = ref.removeprefix(BRANCHES)
    if now == ABSENT:
        raise Refused(f"{branch} has been deleted meanwhile.", hint="Push again.")
    raise Refused(
        f"{branch} has moved on to {commit(paths, app, now)}.",
        hint=f"Take it in and push again: git pull --rebase dokkupy {shlex.quote(branch)}",
    )


def update_ref(paths: Paths, app: AppName, ref: str, new: str, old: str) -> None:
    """Move a ref from `old` to `new`; `ABSENT` as `old` makes it.

    Raises:
        Refused: it does not stand at `old`.
    """
    result = _run(repository(paths, app), "update-ref", "--create-reflog", ref, new, old)
    if result.returncode:
        raise Refused(
            f"{ref.removeprefix(BRANCHES)} could not be moved to {new[:8]}.",
            hint="Push again.",
            detail=result.stderr.strip(),
        )


def delete_ref(repository: Path, ref: str) -> None:
    """Remove a ref of a repository; one that does not exist is fine."""
    _run(repository, "update-ref", "-d", ref)


def set_head(paths: Paths, app: AppName, branch: str) -> None:
    """Make `branch` the one that a clone of the repository checks out."""
    _git(repository(paths, app), "symbolic-ref", "HEAD", BRANCHES + branch)


def check_branch(branch: str) -> str:
    """Return `branch` if git allows such a name.

    Raises:
        UsageError: it does not.
    """
    allowed = branch.isprintable() and not branch.startswith("-")
    if not allowed or _run(Path(os.devnull), "check-ref-format", BRANCHES + branch).returncode:
        raise UsageError(f"{branch[:80]!a} is not a branch name.", hint="Name it as git does: main")
    return branch


def export(paths: Paths, app: AppName, revision: str, destination: Path) -> None:
    """Write the files of one commit into the empty folder `destination`; see `checkout`."""
    index = destination.with_name(f"{destination.name}.index")
    try:
        checkout(repository(paths, app), revision, destination, index)
    finally:
        index.unlink(missing_ok=True)


def checkout(repository: Path, revision: str, destination: Path, index: Path) -> None:
    """Write the files of one commit of a repository into the empty folder `destination`.

    Attributes of archives (`export-ignore`) do not count: an app is built from all that was
    pushed. Symbolic links are written as they are, wherever they point. Permissions do not
    depend on who pushed, or else the build's cache would. `index` is a file that git may write.
    """
    words = (f"--work-tree={destination}", "read-tree", "--reset", "-u", revision)
    _git(repository, *words, index=index)


def submodules(repository: Path, revision: str) -> Mapping[str, str]:
    """Return path -> commit id of every submodule that a commit names."""
    found = {}
    for row in _git(repository, "ls-tree", "-r", "-z", revision).split("\0"):
        head, _, path = row.partition("\t")
        if head.startswith(SUBMODULE_MODE):
            found[path] = head.rpartition(" ")[2]
    return found


def blob_settings(repository: Path, blob: str) -> list[tuple[str, str]]:
    """Return the settings in a file of a commit that is written as git's own are."""
    listed = _git(repository, "config", f"--blob={blob}", "--null", "--list")
    rows = (row.partition("\n") for row in listed.split("\0") if row)
    return [(key, value) for key, _, value in rows]


def make_bare(path: Path) -> Path:
    """Make an empty repository of ours for what others have; return its path."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _git(path, "init", "--quiet", "--bare", "--template=")
    return path


def has_commit(repository: Path, revision: str) -> bool:
    """Say whether a commit is there."""
    return _run(repository, "cat-file", "-e", f"{revision}^{{commit}}").returncode == 0


def make_staging(path: Path, repository: Path) -> Path:
    """Make an empty repository that sees the objects of another one; return its path."""
    make_bare(path)
    (path / "objects" / "info").mkdir(exist_ok=True)
    (path / "objects" / "info" / "alternates").write_text(f"{repository / 'objects'}\n")
    return path


def at(repository: Path, ref: str) -> str:
    """Return the commit that a ref of a repository stands at."""
    return _git(repository, "rev-parse", "--verify", ref).strip()


def take_over(repository: Path, staging: Path, ref: str) -> None:
    """Copy what a ref of another repository on this disk has, checked as a push is.

    Raises:
        StateError: something in it is refused.
    """
    _git(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(staging), ref)


def _try(paths: Paths, app: AppName, *arguments: str) -> str:
    return _run(repository(paths, app), *arguments).stdout.strip()


def _git(repo: Path, *arguments: str, index: Path | None = None) -> str:
    result = _run(repo, *arguments, index=index)
    if result.returncode:
        raise StateError(
            f"git {next(word for word in arguments if word[0] != '-')} failed in {repo}.",
            hint="Look into the repository: " + shlex.join(["git", f"--git-dir={repo}", "fsck"]),
            detail=result.stderr.strip(),
        )
    return result.stdout


def _run(
    repo: Path, *arguments: str, index: Path | None = None
) -> subprocess.CompletedProcess[str]:
    # A named folder is not subject to git's question whose it is, as one that it finds would be.
    more = {"GIT_INDEX_FILE": str(index)} if index else {}
    return subprocess.run(
        ["git", f"--git-dir={repo}", *arguments],
        env=environment() | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        errors="surrogateescape",
        umask=0o022,
    )


def environment() -> dict[str, str]:
    """Return the environment in which git heeds its repository's settings and nobody else's."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return ours | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }
