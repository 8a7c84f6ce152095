"""What the tests of services share: an app that keeps notes, and someone who writes them."""

from __future__ import annotations

import http.client
import os
import threading
from pathlib import Path

from dokkupy.testing.patience import eventually

from .conftest import Root, docker


def post(root: Root, app: str, body: str) -> str:
    """Have an app keep a note, and return its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", root.port, timeout=20)
    try:
        connection.request("POST", "/notes", body=body, headers={"Host": f"{app}.localhost"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def page(root: Root, app: str, path: str) -> str:
    """Return a page of an app."""
    answer = root.get(f"{app}.localhost", path)
    assert answer.status == 200, answer
    return answer.body.strip()


def live(root: Root, app: str) -> int:
    """Return the number of the newest release of an app."""
    numbers: list[int] = [row["number"] for row in root.json("releases", "list", app)]
    return max(numbers)


def kill_server(root: Root, noun: str, service: str) -> None:
    """Kill the processes of a service's server, as if they had crashed."""
    container = root.json(noun, "info", service)["container"]
    pid = docker("inspect", "--format={{.State.Pid}}", container).strip()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), 9)


class Writer(threading.Thread):
    """Has an app keep numbers, and notes which were acknowledged."""

    def __init__(self, root: Root, app: str) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._app = app
        self._stop_asked = threading.Event()
        self.acknowledged: list[int] = []
        self.tried = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            self.tried += 1
            try:
                if post(self._root, self._app, f"number {self.tried}.") == "kept":
                    self.acknowledged.append(self.tried)
            except (OSError, http.client.HTTPException):
                continue

    def finish(self) -> None:
        """Stop writing."""
        self._stop_asked.set()
        self.join(60)

    def wait_for(self, more: int) -> None:
        """Wait until some more numbers were acknowledged."""
        goal = len(self.acknowledged) + more
        eventually(lambda: len(self.acknowledged) >= goal, timeout=60)


def written_through_disasters(root: Root, noun: str, service: str) -> list[int]:
    """Kill, stop and restart a service under an app that writes; return what was acknowledged."""
    writer = Writer(root, "notes")
    writer.start()
    try:
        writer.wait_for(10)
        kill_server(root, noun, service)
        writer.wait_for(10)
        root.cli(noun, "stop", service)
        root.cli(noun, "start", service)
        writer.wait_for(10)
        root.cli(noun, "restart", service)
        writer.wait_for(10)
    finally:
        writer.finish()
    return writer.acknowledged
