"""The tree of errors that dokkupy shows to people, each with its exit code and its remedy.

DokkupyError              1
├── UsageError            2   the request itself is wrong: a name, a value, an option
├── NotFound              3   the app, release, plugin … does not exist
├── Conflict              4   it exists already, or belongs to somebody else
├── Refused               5   allowed by nobody, or needs --force
├── Locked                6   somebody else is at work on it
├── BuildFailed          10   no image came out
├── DeployFailed         11   the new release never took the traffic
├── EngineError          12   the container engine failed or does not answer
│   └── ImageNotFound    12   the engine has no such image and cannot get it
├── ProxyRefused         13   the proxy did not accept its configuration
├── PluginError          14   a plugin raised, clashed, or does not fit
└── StateError           15   the root folder is missing, damaged or of a newer dokkupy
"""

from __future__ import annotations

from typing import ClassVar


class DokkupyError(Exception):
    """One sentence of cause (`message`) and one of remedy (`hint`, ideally the command to type).

    `code` is the stable word for programs; `exit_code` what the command line returns.
    `detail` holds evidence of several lines (a log's tail), shown below the message.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail

    def as_dict(self) -> dict[str, object]:
        """Return the body that `--json` and HTTP show for this error."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "detail": self.detail,
                "exit_code": self.exit_code,
            }
        }


class UsageError(DokkupyError):
    """The request itself is wrong: a name, a value, an option."""

    exit_code = 2
    code = "usage"


class NotFound(DokkupyError):
    """The thing named does not exist."""

    exit_code = 3
    code = "not-found"


class Conflict(DokkupyError):
    """The thing exists already, or belongs to somebody else."""

    exit_code = 4
    code = "conflict"


class Refused(DokkupyError):
    """The request is understood and not carried out."""

    exit_code = 5
    code = "refused"


class Locked(DokkupyError):
    """Somebody else is at work on the same thing."""

    exit_code = 6
    code = "locked"


class BuildFailed(DokkupyError):
    """No image came out of a build."""

    exit_code = 10
    code = "build-failed"


class DeployFailed(DokkupyError):
    """The new release did not take the traffic; the old one still serves."""

    exit_code = 11
    code = "deploy-failed"


class EngineError(DokkupyError):
    """The container engine failed or does not answer."""

    exit_code = 12
    code = "engine"


class ImageNotFound(EngineError):
    """The engine has no such image and cannot get it."""

    code = "image-not-found"


class ProxyRefused(DokkupyError):
    """The proxy did not accept its configuration; what served before still serves.

    `app` names the app whose part was refused, empty when it is nobody's.
    """

    exit_code = 13
    code = "proxy-refused"

    def __init__(self, message: str, *, app: str = "", hint: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.app = app


class PluginError(DokkupyError):
    """A plugin raised, clashed with another, or does not fit this dokkupy.

    The message names plugin, distribution with version, and hook.
    """

    exit_code = 14
    code = "plugin"


class StateError(DokkupyError):
    """The root folder is missing, damaged, or written by a newer dokkupy."""

    exit_code = 15
    code = "state"
