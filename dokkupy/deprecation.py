"""Warnings about what plugins may still use and soon may not."""

from __future__ import annotations

import warnings


class DokkupyDeprecationWarning(FutureWarning):
    """Something of the plugin API that ends with a version that is known already.

    It is a `FutureWarning`, which Python shows to users too: they are who can ask for a newer
    plugin.
    """

    def __init__(self, what: str, *, ends_in: str, instead: str) -> None:
        super().__init__(f"{what} ends with plugin API {ends_in}. Use {instead} instead.")
        self.what = what
        self.ends_in = ends_in
        """The version of the plugin API that does not have it any more."""
        self.instead = instead


def warn_deprecated(what: str, *, ends_in: str, instead: str, caller: int = 1) -> None:
    """Warn the code that is `caller` calls above who calls this.

    `what` and `instead` name things as their users write them: `dokkupy.types.Volume`.
    """
    warning = DokkupyDeprecationWarning(what, ends_in=ends_in, instead=instead)
    warnings.warn(warning, stacklevel=caller + 2)
