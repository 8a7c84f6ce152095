"""What logs tell: what programs really print when they end, and what only looks like it."""

from __future__ import annotations

import pytest

from dokkupy import last_words
from dokkupy.names import AppName, ProcessName
from dokkupy.types import ProcessType

APP = AppName("shop")
WEB = ProcessType(name=ProcessName("web"), port=5000)


def why(log: str, port: int = 5000) -> str:
    process = ProcessType(name=ProcessName("web"), port=port)
    found = last_words.reason(log, app=APP, process=process)
    return found.why if found else ""


@pytest.mark.parametrize(
    "log",
    [
        "Traceback (most recent call last):\n  File \"app.py\", line 3\nKeyError: 'API_KEY'",
        'config.rb:1:in `fetch\': key not found: "API_KEY" (KeyError)',
        "sh: 1: API_KEY: parameter not set",
        "./start: line 2: API_KEY: unbound variable",
        "Error: Missing required environment variable: API_KEY",
        "django.core.exceptions.ImproperlyConfigured: Set the API_KEY environment variable",
        "panic: API_KEY is not set",
        "KeyError: 'OTHER'\nlater\nKeyError: 'API_KEY'\n",
    ],
)
def test_a_variable_that_is_missing_is_named(log: str) -> None:
    found = last_words.reason(log, app=APP, process=WEB)
    assert found is not None
    assert (found.why, found.fix) == ("API_KEY is not set", "dokkupy config set shop API_KEY=VALUE")


@pytest.mark.parametrize(
    ("log", "module"),
    [
        ("ModuleNotFoundError: No module named 'flask.json'", "flask.json"),
        ("Error: Cannot find module 'express'\nRequire stack:", "express"),
        ("Error: Cannot find module '@scope/thing'", "@scope/thing"),
    ],
)
def test_a_module_that_is_missing_is_named(log: str, module: str) -> None:
    assert why(log) == f"the module {module} is not in the image"


@pytest.mark.parametrize(
    "log",
    [
        "PermissionError: [Errno 13] Permission denied",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
        "Error: listen EACCES: permission denied 0.0.0.0:80",
        "listen tcp :80: bind: permission denied",
    ],
)
def test_a_low_port_that_may_not_be_had_is_told_only_where_the_port_is_low(log: str) -> None:
    assert why(log, port=80) == "its user may not listen on port 80, which is below 1024"
    assert why(log, port=5000) == ""


@pytest.mark.parametrize(
    "log",
    [
        "OSError: [Errno 98] Address already in use",
        "Error: listen EADDRINUSE: address already in use :::5000",
    ],
)
def test_a_port_that_is_taken_inside_is_told(log: str) -> None:
    assert "something in the container listens already" in why(log)


@pytest.mark.parametrize(
    "log",
    ["", "KeyError: 'lower'", "KeyError: 4", "it is not set", "all environment variables are set"],
)
def test_what_only_looks_like_it_is_left_alone(log: str) -> None:
    assert why(log) == ""
