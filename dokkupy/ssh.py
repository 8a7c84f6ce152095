"""The forced command of every ssh key: it lets its holder push and ask for operations.

No shell ever sees what a client sends: it is split into words as a shell would, git gets a path
that we made of a parsed app name, and dokkupy's own command line gets words that it parses.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from dokkupy import jobs
from dokkupy.errors import DokkupyError, NotFound, Refused, UsageError
from dokkupy.names import AppName

GIT: Final = {"git-receive-pack": "receive-pack", "git-upload-pack": "upload-pack"}
KEPT: Final = ("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "SSH_CONNECTION", "TERM", "TZ", "USER")
"""What of the session's environment goes on; a client may send more than sshd should accept."""


def main() -> NoReturn:
    """Do what the client asks, if it may, and leave the process."""
    script, actor = sys.argv
    root = Path(script).absolute().parent.parent
    told = {"DOKKUPY_ROOT": str(root), "DOKKUPY_ACTOR": actor, "DOKKUPY_FAR": "1"}
    environment = clean(os.environ) | told
    try:
        words = split(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
        if words[0] in GIT:
            app = requested_app(words)
            repository = find_repository(root, app, words[0], environment)
            environment["GIT_PROTOCOL"] = os.environ.get("GIT_PROTOCOL", "")
            if words[0] == "git-receive-pack":
                # It makes itself ready while git and the client agree on what to send.
                environment["DOKKUPY_JOB"] = jobs.start(str(root), environment).bequeath()
            become(["git", GIT[words[0]], str(repository)], environment)
        operate(root, words, environment)
    except DokkupyError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        sys.exit(error.exit_code)


def become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Turn this process into another program."""
    os.execvpe(command[0], command, environment)  # noqa: S606 (that there is no shell is the point)


def operate(root: Path, words: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Do what `dokkupy WORDS` does on the root, in this process, and leave it.

    The arguments of a program are shown to every user of the machine, and words hold secrets.
    """
    import runpy
    import site

    os.environ.clear()
    os.environ.update(environment)
    site.main()  # we were started without packages, for the sake of pushes
    sys.argv = ["dokkupy", "--root", str(root), *words]
    runpy.run_module("dokkupy", run_name="__main__")
    sys.exit()


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of the session's environment may go on to git and to operations."""
    return {
        key: value
        for key, value in environment.items()
        if key in KEPT or (key.startswith("LC_") and value.isprintable())
    }


def split(asked: str) -> list[str]:
    """Return the words of what the client asks.

    Raises:
        Refused: it asks for a shell, that is for nothing in particular.
        UsageError: a quotation has no end, or an option of dokkupy itself comes first.
    """
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise UsageError(
            f"This cannot be read: {error}.", hint="Quote it as for a shell: config set app 'K=a b'"
        ) from None
    if not words:
        raise Refused(
            "You are let in to push and to ask for operations, not to a shell.",
            hint="Try: ssh … apps list",
        )
    if words[0].startswith("-") and words not in (["--help"], ["--version"]):
        raise Refused(
            f"{words[0][:80]!a} is not for you to choose.",
            hint="Start with an operation: apps list",
        )
    return words


def requested_app(words: list[str]) -> AppName:
    """Return the app that git asks for: `git-receive-pack '/a.git'`.

    Raises:
        UsageError: the path is not one app's name.
    """
    if len(words) != 2:
        raise UsageError(
            f"{words[0]} takes the name of one app.", hint="git push USER@HOST:APP main"
        )
    return AppName.parse(words[1].removeprefix("/").removesuffix("/").removesuffix(".git"))


def find_repository(root: Path, app: AppName, verb: str, environment: Mapping[str, str]) -> Path:
    """Return the app's repository; a push to an unknown app makes it, unless that is off.

    Raises:
        NotFound: there is no such app.
        DokkupyError: it could not be made.
    """
    repository = root / "git" / f"{app}.git"
    if (repository / "hooks" / "proc-receive").exists():
        return repository

    from dokkupy import git
    from dokkupy.paths import Paths
    from dokkupy.remote import autocreates
    from dokkupy.store import Store

    paths = Paths(root)
    store = Store(paths.state_db)
    if not store.apps.exists(app):
        if verb != "git-receive-pack":
            store.apps.get(app)
        if not autocreates(store.meta):
            raise NotFound(f"App {app} does not exist.", hint=f"Make it: dokkupy apps create {app}")
        made = subprocess.run(
            command_line(root, ["apps", "create", app]),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
        )
        if not store.apps.exists(app):  # not made by another push meanwhile either
            sys.exit(made.returncode)
    return git.ensure_repo(paths, app)


def command_line(root: Path, words: list[str]) -> list[str]:
    """Return the command that runs an operation on the root."""
    return [sys.executable, "-P", "-m", "dokkupy", "--root", str(root), *words]
