"""A healthy kind of service on the real engine, to be broken in one place."""

from __future__ import annotations

from typing import Final

SERVICE: Final = '''
import os

import pytest
from dokkupy.engine import ContainerFile
from dokkupy.errors import Refused
from dokkupy.services.kind import ServiceKind
from dokkupy.services.server import Blueprint, ServerImage
from dokkupy.testing.suites import DumpingServiceContract
from dokkupy.types import Environment

PASSWORD, ROWS, END = "/etc/password", "/data/rows", b"END\\n"
SERVE = """
use IO::Socket::INET; use IO::Handle;
my $s = IO::Socket::INET->new(LocalPort => 7777, Listen => 9, ReuseAddr => 1) or die;
while (my $c = $s->accept) {
  my $line = <$c>;
  if ($line =~ s/^ADD //) { open my $f, ">>", "/data/rows"; print $f $line; $f->flush; $f->sync }
  if ($line =~ /^ALL/) { if (open my $f, "<", "/data/rows") { print $c $_ while <$f> } }
  if ($line =~ /^VERSION/) { print $c "1.0\\\\n" }
  close $c;
}
"""
ASK = """
use IO::Socket::INET; my $s = IO::Socket::INET->new("127.0.0.1:7777") or die "no answer";
print $s scalar <STDIN>; print while <$s>;
"""


class Healthy:
    def __init__(self, image):
        self.image = ServerImage(upstream=image or os.environ["DOKKUPY_TEST_IMAGE"])

    def blueprint(self, access):
        file = ContainerFile(path=PASSWORD, content=access.password.encode())
        return Blueprint(data="/data", command=("perl", "-e", SERVE), files=(file,), grace=1)

    def variables(self, access):
        return access.variables("rows")

    def client(self, access):
        return ("perl", "-e", ASK)

    def ask(self, session, question):
        return session.run(self.client(session.access), stdin=question + "\\n")

    def version(self, session):
        return self.ask(session, "VERSION").strip()

    def dump(self, session, sink):
        sink(b"ROWS 1\\n" + self.ask(session, "ALL").encode() + END)

    def load(self, session, source):
        for row in source.read().removesuffix(END).decode().splitlines()[1:]:
            self.ask(session, "ADD " + row)

    def counts(self, session):
        return {"rows": len(self.ask(session, "ALL").splitlines())}

    def refuse_head(self, head, version):
        if not head.startswith(b"ROWS 1\\n"):
            raise Refused("This is no dump of rows of version 1.", hint="Make one.")

    def refuse_tail(self, tail):
        if not tail.endswith(END):
            raise Refused("The dump is not all there.", hint="Make it again.")

    def adapt(self, session):
        pass


class Broken(Healthy):
{body}

KIND = ServiceKind(noun="rows", title="Rows", port=7777, server="test_broken:Broken")


class TestBroken(DumpingServiceContract):
    kind = KIND

    def write(self, session, word):
        Healthy("").ask(session, "ADD " + word)

    def read(self, session):
        return Healthy("").ask(session, "ALL").splitlines()

    def newer(self, dump):
        return dump.replace(b"ROWS 1", b"ROWS 2", 1)
'''
