from __future__ import annotations

from typing import Any

import pytest

from dokkupy.errors import Refused
from dokkupy.platform import Platform
from dokkupy.services import backups, containers, life, moving
from dokkupy.services import service as services
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.services.session import Session
from dokkupy.services.vault import open_vault
from dokkupy.testing.contracts.service_fixtures import REPORT
from dokkupy.testing.suites import DumpingServiceContract
from dokkupy_redis.plugin import REDIS
from dokkupy_redis.settings import CLIENT


@pytest.mark.engine
@pytest.mark.slow
class TestRedis(DumpingServiceContract):
    kind = REDIS

    def write(self, session: Session, word: str) -> None:
        ask(session, "RPUSH", "words", word)
        ask(session, "SET", "passing", word, "EX", "1000")

    def read(self, session: Session) -> list[str]:
        return ask(session, "LRANGE", "words", "0", "-1").split("\n")[:-1]

    def newer(self, dump: bytes) -> bytes | None:
        return dump.replace(b"\x09redis-ver\x06", b"\x09redis-ver\x079", 1)

    def test_a_dump_with_a_wrong_checksum_is_refused(
        self, platform: Platform, service: Service
    ) -> None:
        before = self._one_more(platform, "before a spoiled dump")
        dump = bytearray(self.dumped(platform))
        dump[dump.index(b"before a spoiled dump")] ^= 1
        with pytest.raises(Refused, match="damaged"):
            self._imported(platform, bytes(dump))
        assert services.find(platform, service.noun, service.name) == service
        assert self.read(self.session(platform)) == before

    def test_a_cache_keeps_to_its_size_and_writes_nothing_down(
        self, platform: Platform, service: Service
    ) -> None:
        cache = {"mode": "cache", "size": str(8 * 1024**2)}
        life.configure(platform, REPORT, self.kind, service.name, settings=cache)
        session = self.session(platform)
        assert ask(session, "DBSIZE") == "0\n"
        for key in range(30):
            put = [CLIENT, "-x", "SET", f"key{key}"]
            session.run(put, stdin="x" * 512 * 1024)
        assert 0 < int(ask(session, "DBSIZE")) < 30
        assert session.run(["ls", "/data"]) == "appendonlydir\n"  # of the mode before
        dump = self.dumped(platform)
        self._imported(platform, dump)
        held = ask(self.session(platform), "DBSIZE")
        assert held != "0\n"
        life.restart(platform, REPORT, self.kind, service.name)
        assert ask(self.session(platform), "DBSIZE") == "0\n"
        durable = {"mode": "persistent"}
        life.configure(platform, REPORT, self.kind, service.name, settings=durable)

    def test_a_cache_is_one_from_its_beginning_and_so_is_its_clone(
        self, platform: Platform, service: Service
    ) -> None:
        cache, names = {"mode": "cache", "size": "8m"}, (ServiceName("pages"), ServiceName("copy"))
        life.create(platform, REPORT, self.kind, names[0], settings=cache)
        moving.clone(platform, REPORT, self.kind, names[0], new=names[1])
        for name in names:
            made = services.find(platform, service.noun, name)
            talk = containers.session(platform, made)
            kept = [ask(talk, "CONFIG", "GET", key) for key in ("maxmemory", "appendonly")]
            assert made.settings == cache
            assert kept == ["maxmemory\n8388608\n", "appendonly\nno\n"]
            life.destroy(platform, self.kind, made)

    def test_a_backup_holds_what_comes_and_goes_while_it_is_made(
        self, platform: Platform, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        talk, pour_out = self.session(platform), moving.pour_out
        before = int(ask(talk, "EVAL", LASTING, "0"))

        def busy(*given: Any) -> int:
            for key in range(3):
                ask(talk, "SET", f"job{key}", "x")
            size = pour_out(*given)
            ask(talk, "DEL", "job0", "job1", "job2")
            return size

        monkeypatch.setattr(moving, "pour_out", busy)
        made = backups.backup(platform, REPORT, self.kind, service.name)
        assert made.most == {"db0": before + 3}
        backups.verify(platform, REPORT, self.kind, service.name, wanted=made.id, place="")
        made.remove(open_vault(platform, ""))


LASTING = """
local count = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TTL', key) == -1 then count = count + 1 end
end
return count
"""


def ask(session: Session, *words: str) -> str:
    return session.run([CLIENT, *words])
