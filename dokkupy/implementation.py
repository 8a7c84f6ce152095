"""One plugin's function for one hook, and the errors that leave it with its name on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dokkupy.errors import DokkupyError, PluginError
from dokkupy.plugins import PluginState, described


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """One plugin's function for one hook."""

    plugin: PluginState
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    place: int
    """-1 for `tryfirst`, 1 for `trylast`, else 0."""

    def call(self, given: Mapping[str, object]) -> Any:
        """Call the function with the arguments that it takes.

        Raises:
            DokkupyError: what the plugin raised, its message naming plugin, version and hook.
            PluginError: it raised anything else.
        """
        try:
            return self.function(*(given[name] for name in self.arguments))
        except DokkupyError as error:
            raise self._attributed(error) from error.__cause__
        except (Exception, SystemExit) as error:
            raise self.error(f"failed: {described(error)}") from error
        except KeyboardInterrupt as error:  # it may well have hung: whoever waited shall know
            error.add_note(
                f"Interrupted in the plugin {self.plugin.title}, hook {self.hook}.\n"
                f"  -> {self.plugin.disable}"
            )
            raise

    def error(self, what: str) -> PluginError:
        """Return an error that names this implementation."""
        return PluginError(
            f"The plugin {self.plugin.title}, hook {self.hook}, {what}.", hint=self.plugin.disable
        )

    def _attributed(self, error: DokkupyError) -> DokkupyError:
        if not error.__dict__.get("hook"):
            error.__dict__["hook"] = self.hook
            error.message = f"{error.message} [plugin {self.plugin.title}, hook {self.hook}]"
            error.args = (error.message,)
        return error
