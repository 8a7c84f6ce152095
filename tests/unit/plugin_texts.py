"""Texts of plugins that several tests install."""

from __future__ import annotations


def noting(name: str, hook: str, answer: str = "None", options: str = "") -> str:
    """Return the text of a plugin that notes when its implementation of a hook is called."""
    return f"""
    import sys
    @hookimpl{options}
    def {hook}():
        sys.modules["probe_calls"].append("{name}")
        return {answer}
    """


def hosts(*names: str) -> str:
    return f"""
    from dokkupy.names import HostName
    @hookimpl
    def vhosts():
        return [HostName(name) for name in {list(names)}]
    """
