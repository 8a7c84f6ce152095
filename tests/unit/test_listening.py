"""Who listens on a port."""

from __future__ import annotations

import os
import socket

from dokkupy.listening import Holder, holders


def test_names_who_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (holder,) = holders(port)
        assert (holder.pid, holder.uid) == (os.getpid(), os.geteuid())
        assert str(holder).endswith(f"(process {os.getpid()})")
    assert holders(port) == []


def test_a_process_that_may_not_be_looked_into_is_another_users() -> None:
    assert str(Holder(pid=0)) == "a process of another user"
