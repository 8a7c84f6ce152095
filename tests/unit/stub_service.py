"""A kind of service for the fake engine: rows are the lines of one file on its volume."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO

from dokkupy.errors import Refused
from dokkupy.services.access import Access
from dokkupy.services.hooks import service_hooks
from dokkupy.services.kind import ServiceKind
from dokkupy.services.server import Blueprint, ServerImage
from dokkupy.services.session import Session
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.program import Program
from dokkupy.types import Environment

ROWS = "/data/rows"
END = b"END\n"
RUNS = Program(listen="0.0.0.0", port=7777)

KIND = ServiceKind(noun="stub", title="Stub", port=7777, server="stub_service:Stub")

register_services, env_compile, container_options, provide_image, app_destroyed = service_hooks(
    KIND
)


class Stub:
    """A server that says of itself that it is of version 1.0."""

    program = RUNS

    def __init__(self, image: str) -> None:
        self.image = ServerImage(upstream=image or BASE)

    def blueprint(self, access: Access) -> Blueprint:
        return Blueprint(data="/data", command=self.program.command, grace=1)

    def variables(self, access: Access) -> Environment:
        return access.variables("stub")

    def version(self, session: Session) -> str:
        return session.run(Program(line=("1.0",)).command).strip()

    def client(self, access: Access) -> tuple[str, ...]:
        return ("cat", ROWS)

    def dump(self, session: Session, sink: Callable[[bytes], object]) -> None:
        sink(b"STUB\n" + b"".join(f"{row}\n".encode() for row in rows(session)) + END)

    def load(self, session: Session, source: IO[bytes]) -> None:
        text = source.read()
        if b"poison" in text:
            raise Refused("The server did not take the dump.", detail="poison")
        write(session, text.removeprefix(b"STUB\n").removesuffix(END).decode().splitlines())

    def counts(self, session: Session) -> dict[str, int]:
        return {"rows": len(rows(session))}

    def refuse_head(self, head: bytes, version: str) -> None:
        if not head.startswith(b"STUB\n"):
            raise Refused("This is no dump of a stub.")

    def refuse_tail(self, tail: bytes) -> None:
        if not tail.endswith(END):
            raise Refused("The dump is not all there.")

    def adapt(self, session: Session) -> None:
        return


def rows(session: Session) -> list[str]:
    found = bytearray()
    session.pipe(["cat", ROWS], sink=found.extend)
    return found.decode().splitlines()


def write(session: Session, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    session.pipe(["tee", ROWS], source=io.BytesIO(text.encode()))
