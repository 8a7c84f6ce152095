"""The operations of the noun `git`: where to push, which branch deploys, deploy one by hand."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy import git
from dokkupy.errors import UsageError
from dokkupy.known_hosts import SshHost
from dokkupy.names import AppName, Scope
from dokkupy.operations.registry import Help, operation
from dokkupy.remote import Address, autocreates, keep_autocreate

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where an app can be pushed to."""

    path: str
    """For a push on this machine, by a user who may write to the root."""
    ssh: str | None
    """For a push from anywhere; None as long as `git set --global ssh` has not been used."""

    def text(self) -> str:
        """Return what a person reads."""
        return f"git remote add dokkupy {shlex.quote(self.ssh or self.path)}"


@operation(summary="Show where to push an app", reads=True)
def remote(platform: Platform, app: AppName) -> Remote:
    """Show the addresses that `git push` takes for an app.

    Raises:
        NotFound: there is no such app.
    """
    platform.store.apps.get(app)
    path = git.ensure_repo(platform.paths, app)
    address = Address.of(platform.store.meta)
    return Remote(path=str(path), ssh=address.url(app) if address else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting after its change."""

    key: str
    value: str

    def text(self) -> str:
        """Return what a person reads."""
        return f"{self.key} is {self.value}." if self.value else f"{self.key} is not set."


@operation(summary="Decide which branch deploys, or how this root is reached by ssh", name="set")
def set_(
    platform: Platform,
    scope: Annotated[Scope, Help("The app for deploy-branch, --global for the others")],
    key: Annotated[
        Literal["deploy-branch", "ssh", "autocreate"],
        Help("deploy-branch: NAME; ssh: USER@HOST[:PORT]; autocreate: on or off"),
    ],
    value: Annotated[str | None, Help("Its new value; without one it is unset")] = None,
) -> Setting:
    """Change one setting.

    Without a deploy branch the next push decides it. `ssh` is what `git remote` shows. With
    `autocreate` on, which it is by default, a push over ssh to an unknown app makes it.

    Raises:
        NotFound: there is no such app.
        UsageError: the value is not one, or the setting belongs to the other scope.
    """
    if (key == "deploy-branch") is not bool(scope):
        where = "an app" if key == "deploy-branch" else "--global"
        raise UsageError(f"{key} is a setting of {where}.", hint="See: dokkupy git set --help")
    if scope:
        return _set_branch(platform, AppName(scope), value or "")
    if key == "ssh":
        address = Address.parse(value) if value else None
        platform.store.meta.set("ssh", str(address or ""))
        return Setting(key=key, value=str(address or ""))
    keep_autocreate(platform.store.meta, value or "on")
    return Setting(key=key, value="on" if autocreates(platform.store.meta) else "off")


def _set_branch(platform: Platform, app: AppName, branch: str) -> Setting:
    platform.store.apps.get(app)
    if branch:
        git.check_branch(branch)
        git.ensure_repo(platform.paths, app)
        git.set_head(platform.paths, app, branch)
    platform.store.apps.set_deploy_branch(app, branch)
    return Setting(key="deploy-branch", value=branch)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedBranch:
    """One branch of an app's repository."""

    branch: str
    commit: str
    author: str
    at: float
    """Seconds since the epoch (UTC) of the commit."""
    subject: str
    deploys: bool


@operation(
    summary="Show the branches that were pushed to an app",
    reads=True,
    default=True,
    empty="Nothing has been pushed yet. See where to: dokkupy git remote APP",
)
def report(platform: Platform, app: AppName) -> list[PushedBranch]:
    """Show every branch that the app's repository has, and which one deploys.

    Raises:
        NotFound: there is no such app.
    """
    deploys = platform.store.apps.get(app).deploy_branch
    git.ensure_repo(platform.paths, app)
    rows = []
    for branch, commit_id in git.branches(platform.paths, app).items():
        commit = git.commit(platform.paths, app, commit_id)
        rows.append(
            PushedBranch(
                branch=branch,
                commit=commit.id,
                author=commit.author,
                at=commit.at,
                subject=commit.subject,
                deploys=branch == deploys,
            )
        )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The public half of a deploy key."""

    app: str
    """Empty for the one of the root."""
    public: str
    fingerprint: str

    def text(self) -> str:
        """Return the line that a host of repositories wants."""
        return f"{self.public} dokkupy-{self.app or 'all'}"


@operation(summary="Show the public key for private repositories by ssh")
def key(
    platform: Platform,
    scope: Annotated[Scope, Help("The app, or --global for the key that serves every app")],
    *,
    renew: Annotated[bool, Help("Make another; the one of before is forgotten")] = False,
) -> Key:
    """Show the key that a host of repositories has to let in, as a deploy key for instance.

    `git sync` and submodules come with the app's key, then with the root's, then with those of
    the user that owns the root.

    Raises:
        NotFound: there is no such app.
    """
    from dokkupy import deploy_keys

    if scope.app is not None:
        platform.store.apps.get(scope.app)
    found = None if renew else deploy_keys.find(platform, scope)
    made = found or deploy_keys.make(platform, scope)
    return Key(app=scope, public=str(made.public), fingerprint=made.public.fingerprint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A host that is known by its key from now on."""

    host: str
    fingerprint: str


@operation(summary="Trust the ssh key of a host that repositories are on")
def trust(
    platform: Platform,
    host: Annotated[SshHost, Help("HOST or HOST:PORT")],
    *,
    fingerprint: Annotated[str, Help("Of its key, as its owner publishes it: SHA256:…")] = "",
) -> Trusted:
    """Ask a host for its keys, and trust the one with a fingerprint; without one show them.

    Raises:
        NotFound: no ssh server answers there.
        Refused: none of its keys has that fingerprint.
    """
    from dokkupy import known_hosts

    found = known_hosts.trust(platform.paths, host, fingerprint)
    platform.store.events.add("git.host-trusted", "", {"host": str(host)})
    return Trusted(host=str(host), fingerprint=found.fingerprint)
