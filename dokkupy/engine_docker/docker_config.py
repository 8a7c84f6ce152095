"""What the docker client's configuration file says: credentials for registries, proxies.

Credentials are what the SDK is for: it knows the client's credential helpers.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dokkupy.errors import EngineError

_CREDENTIALS: Final = ("auths", "credsStore", "credHelpers")
_PROXIES: Final = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}


def pull_headers(reference: str) -> Mapping[str, str]:
    """Return the header with the credentials for the registry of an image, if there are any.

    Raises:
        EngineError: the file cannot be read, or a credential helper fails.
    """
    if not _has_credentials():
        return {}
    from docker import auth
    from docker.errors import DockerException

    try:
        registry, _ = auth.resolve_repository_name(reference)
        found = auth.load_config(str(_path())).resolve_authconfig(registry)
        return {"X-Registry-Auth": auth.encode_header(found).decode("ascii")} if found else {}
    except DockerException as error:
        raise _unreadable(error) from error


def build_credentials() -> Mapping[str, Any]:
    """Return every credential there is, by registry, for base images; needs as `pull_headers`.

    Raises:
        EngineError: the file cannot be read, or a credential helper fails.
    """
    if not _has_credentials():
        return {}
    from docker import auth
    from docker.errors import DockerException

    try:
        found = auth.load_config(str(_path())).get_all_credentials()  # type: ignore[no-untyped-call]
        return dict(found)
    except DockerException as error:
        raise _unreadable(error) from error


def write_with(folder: Path, more: Mapping[str, Mapping[str, str]]) -> None:
    """Make a folder a configuration of the docker client with more credentials than its user's.

    Raises:
        EngineError: as for `build_credentials`.
    """
    kept = {key: value for key, value in _read().items() if key not in _CREDENTIALS}
    known = {**build_credentials(), **more}
    kept["auths"] = {registry: _entry(found) for registry, found in known.items()}
    descriptor = os.open(folder / "config.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(kept, file)
    plugins = _path().with_name("cli-plugins")
    if plugins.is_dir():
        (folder / plugins.name).symlink_to(plugins)


def _entry(found: Mapping[str, Any]) -> dict[str, str]:
    """Return credentials as the client's file has them; helpers spell theirs with capitals."""
    lower = {key.lower(): text for key, text in found.items()}
    if token := lower.get("identitytoken"):
        return {"identitytoken": token}
    pair = f"{lower.get('username', '')}:{lower.get('password', '')}"
    return {"auth": base64.b64encode(pair.encode()).decode("ascii")}


def proxy_args() -> dict[str, str]:
    """Return the proxies for what runs in builds, as build arguments in both spellings."""
    chosen = _read().get("proxies", {}).get("default", {})
    args = {name: chosen[key] for key, name in _PROXIES.items() if key in chosen}
    return args | {name.lower(): value for name, value in args.items()}


def _has_credentials() -> bool:
    content = _read()
    return any(content.get(key) for key in _CREDENTIALS)


def _read() -> dict[str, Any]:
    try:
        return dict(json.loads(_path().read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(error) from error


def _path() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path("~/.docker").expanduser()) / "config.json"


def _unreadable(error: Exception) -> EngineError:
    return EngineError(
        f"The docker client's configuration {_path()} cannot be used: {error}.",
        hint="Mend it, or log in to the registry anew: docker login",
    )
