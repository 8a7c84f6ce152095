"""Redis as the service kit asks for it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final

from dokkupy.engine import ContainerFile
from dokkupy.errors import EngineError, Refused
from dokkupy.services.access import Access
from dokkupy.services.server import Blueprint, ServerImage
from dokkupy.services.session import Session
from dokkupy.types import Environment
from dokkupy_redis import dumps
from dokkupy_redis.recipe import DISTRIBUTION
from dokkupy_redis.rows import Keys
from dokkupy_redis.settings import (
    CLIENT,
    CLIENT_SCRIPT,
    PASSWORD,
    SETTINGS,
    settings,
)

USUAL: Final = "redis:7"
GRACE: Final = 60.0
LOADING_SECONDS: Final = 3600.0
POLL_SECONDS: Final = 0.1
LOG: Final = "/data/appendonlydir"
BROUGHT: Final = "/data/brought"
BASE: Final = f"{BROUGHT}/appendonly.aof.1.base.rdb"
"""What the log of writes begins with; every write after it is in files beside it."""
MANIFEST: Final = "file appendonly.aof.1.base.rdb seq 1 type b\n"


class Redis:
    """One image of Redis, of version 7 or newer."""

    def __init__(self, image: str) -> None:
        self.image = ServerImage(upstream=image or USUAL, recipe=None if image else DISTRIBUTION)

    def blueprint(self, access: Access) -> Blueprint:
        return Blueprint(
            data="/data",
            command=("redis-server", SETTINGS),
            files=(
                ContainerFile(path=SETTINGS, content=settings(access).encode()),
                ContainerFile(path=PASSWORD, content=access.password.encode()),
                ContainerFile(path=CLIENT, content=CLIENT_SCRIPT.encode(), mode=0o555),
            ),
            grace=GRACE,
        )

    def variables(self, access: Access) -> Environment:
        return Environment(
            URL=f"redis://:{access.password}@{access.host}:{access.port}/0",
            HOST=access.host,
            PORT=str(access.port),
            PASSWORD=access.password,
        )

    def version(self, session: Session) -> str:
        told = session.run([CLIENT, "INFO"])
        found = re.search(r"^redis_version:(\S+)", told, re.MULTILINE)
        if found is None or "\nloading:0" not in told:
            raise EngineError("The server does not serve yet.", detail=told[:200])
        return found[1]

    def client(self, access: Access) -> tuple[str, ...]:
        del access
        return (CLIENT,)

    def dump(self, session: Session, sink: Callable[[bytes], object]) -> None:
        unmarked = dumps.Unmarked(sink)
        done = session.pipe([CLIENT, "--rdb", "-"], sink=unmarked.write)
        if done.code != 0:
            raise Refused("The server could not be dumped.", detail=done.error)
        unmarked.finish()

    def load(self, session: Session, source: IO[bytes]) -> None:
        session.run(["mkdir", "-p", BROUGHT])
        written = session.pipe(["sh", "-c", f"cat > {BASE}"], source=source)
        if written.code != 0:
            raise Refused("There is no room for the dump.", detail=written.error)
        expected = self._checked(session)
        if session.access.settings.get("mode") == "cache":
            session.run(["mv", BASE, "/data/dump.rdb"])
        else:
            session.run(["sh", "-c", f"cat > {BROUGHT}/appendonly.aof.manifest"], stdin=MANIFEST)
            session.run(["rm", "-rf", LOG])
            session.run(["mv", BROUGHT, LOG])
        session.restart(GRACE)
        self._await(session)
        session.run(["rm", "-rf", "/data/dump.rdb", BROUGHT])
        found = sum(self.counts(session).values())
        if found != expected:
            raise Refused(
                f"The server has {found} of the {expected} lasting keys of the dump.",
                hint="It has to be Redis 7 or newer: dokkupy redis info NAME",
            )

    def counts(self, session: Session) -> dict[str, int]:
        return dumps.lasting(session.run([CLIENT, "INFO", "keyspace"]))

    def row_counter(self) -> Keys:
        return Keys()

    def refuse_head(self, head: bytes, version: str) -> None:
        dumps.refuse_head(head, version)

    def refuse_tail(self, tail: bytes) -> None:
        dumps.refuse_tail(tail)

    def adapt(self, session: Session) -> None:
        """Do nothing: a newer server reads what an older one has written."""

    def _checked(self, session: Session) -> int:
        """Have the server's own program read all of a dump; return how many keys last."""
        said = bytearray()
        done = session.pipe(["redis-check-rdb", BASE], sink=said.extend)
        report = said.decode("utf-8", "replace")
        if done.code != 0:
            raise Refused("The dump is damaged.", detail=report)
        return dumps.checked(report)

    def _await(self, session: Session) -> None:
        until = time.monotonic() + LOADING_SECONDS
        while time.monotonic() < until:
            with suppress(EngineError):
                self.version(session)
                return
            time.sleep(POLL_SECONDS)
        raise Refused("The server did not read the dump in time.", hint="Give it more processor.")
