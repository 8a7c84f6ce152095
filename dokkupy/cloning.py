"""Making an app like another one: what is carried over, and what stays the other's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dokkupy import git, routes
from dokkupy.errors import DokkupyError

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform


def make(platform: Platform, app: AppName, new: AppName) -> None:
    """Make an app with the config, settings, scale and repository of another.

    Its domains stay the other's own: the clone gets the default of its name.

    Raises:
        Conflict: there is an app of the new name.
        DokkupyError: a plugin or the proxy objects; nothing was made.
    """
    store = platform.store
    origin = store.apps.get(app)
    with store.write():
        store.apps.create(new)
        store.config.change(new, store.config.get(app))
        if formation := store.formation.get(app):
            store.formation.set(new, formation)
        platform.properties.clone(app, new)
        platform.hooks.app_cloned(app=new, origin=app)
        if origin.deploy_branch:
            store.apps.set_deploy_branch(new, origin.deploy_branch)
        store.events.add("app.cloned", new, {"from": app})
    try:
        git.copy_repo(platform.paths, app, new)
        platform.hooks.app_created(app=new)
        routes.apply(platform, changed=new)
    except DokkupyError:
        git.remove_repo(platform.paths, new)
        store.apps.destroy(new)
        raise
