"""Programs for test containers: told once, run by a real engine and by the fake alike.

A real container needs an image with perl-base, which every Debian has; the fake reads the same
command line back and does what it says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

_MARK: Final = "dokkupy-test-program"

_SCRIPT: Final = r"""
use strict; use Socket qw(:all); use IO::Select; $| = 1;
my %o; shift; for (@ARGV) { push @{$o{$1}}, $2 if /^(\w+)=(.*)$/s }
sub one { $o{$_[0]} ? $o{$_[0]}[-1] : $_[1] }
$SIG{TERM} = one("stubborn", 0) ? "IGNORE" : sub { exit 143 };
for (@{$o{needs} || []}) { if (!exists $ENV{$_}) { print "KeyError: '$_'\n"; exit 1 } }
print "$_\n" for @{$o{line} || []};
print STDERR "$_\n" for @{$o{error} || []};
print "$_=$ENV{$_}\n" for @{$o{show} || []};
if (one("hog", 0)) { my @x; push @x, "x" x 8388608 while 1 }
if (one("echo", 0)) { print while <STDIN>; exit one("exits", 0) }
my $set = IO::Select->new;
if (defined(my $at = one("listen"))) {
  my $six = $at =~ /:/; my $port = one("port", 0) || $ENV{PORT};
  socket(my $s, $six ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  my $ip = inet_pton($six ? AF_INET6 : AF_INET, $at);
  bind($s, $six ? pack_sockaddr_in6($port, $ip) : pack_sockaddr_in($port, $ip)) or die "bind: $!";
  listen($s, 128) or die "listen: $!"; $set->add($s);
}
my $end = defined one("exits") ? time + one("after", 0) : undef;
select(undef, undef, undef, one("after", 0)), exit one("exits") if defined $end && !$set->count;
while (1) {
  my $left = defined $end ? $end - time : 3600; exit one("exits") if $left <= 0 && defined $end;
  for my $s ($set->can_read($left)) {
    accept(my $c, $s) or next; my $head = "";
    while ($head !~ /\r\n\r\n/ && sysread($c, my $more, 4096)) { $head .= $more }
    my ($path) = $head =~ m{^\S+ (\S+)}; my $status = one("status", 200);
    for (@{$o{answer} || []}) { $status = $2 if /^(.*)=(\d+)$/ && $1 eq $path }
    select(undef, undef, undef, one("delay", 0)); my $body = one("body", "");
    syswrite $c, "HTTP/1.1 $status Test\r\nContent-Length: " . length($body)
      . "\r\nConnection: close\r\n\r\n$body"; shutdown($c, 1); close $c;
  }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a process does, in this order; by default it prints nothing and runs until stopped."""

    needs: tuple[str, ...] = ()
    """Environment keys without which it prints `KeyError: 'KEY'` and ends with 1."""
    line: tuple[str, ...] = ()
    """Lines on stdout."""
    error: tuple[str, ...] = ()
    """Lines on stderr."""
    show: tuple[str, ...] = ()
    """Environment variables to print as `KEY=value`."""
    hog: bool = False
    """Takes memory until it is killed."""
    echo: bool = False
    """Copies its stdin to its stdout, then ends."""
    listen: str = ""
    """The address it answers HTTP on: `0.0.0.0`, `127.0.0.1`, `::`; empty for none."""
    port: int = 0
    """0 takes it from `$PORT`."""
    status: int = 200
    answer: tuple[str, ...] = ()
    """Statuses of single paths, as `/path=503`."""
    body: str = ""
    delay: float = 0.0
    """Seconds before each answer."""
    exits: int | None = None
    """The code it ends with, `after` some seconds; None: it runs until stopped."""
    after: float = 0.0
    stubborn: bool = False
    """Ignores SIGTERM; else it ends with 143."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command line to give a container."""
        return ("perl", "-e", _SCRIPT, _MARK, *self._arguments())

    def dockerfile(self, base: str, *instructions: str) -> str:
        """Return a Dockerfile for an image that runs this."""
        return "\n".join([f"FROM {base}", *instructions, f"CMD {json.dumps(self.command)}", ""])

    def _arguments(self) -> list[str]:
        arguments: list[str] = []
        for item in fields(self):
            value = getattr(self, item.name)
            if value == item.default:
                continue
            values = value if isinstance(value, tuple) else (value,)
            plain = (int(one) if isinstance(one, bool) else one for one in values)
            arguments.extend(f"{item.name}={one}" for one in plain)
        return arguments

    @classmethod
    def decode(cls, command: Sequence[str]) -> Self | None:
        """Return the program of a command line that `command` made, None for any other."""
        if _MARK not in command:
            return None
        given: dict[str, list[str]] = {}
        for argument in command[list(command).index(_MARK) + 1 :]:
            key, _, value = argument.partition("=")
            given.setdefault(key, []).append(value)
        known = {item.name: item.default for item in fields(cls)}
        return cls(**{name: _read(known[name], values) for name, values in given.items()})  # type: ignore[arg-type]


def _read(default: object, values: list[str]) -> object:
    if isinstance(default, tuple):
        return tuple(values)
    if isinstance(default, bool):
        return values[-1] == "1"
    if isinstance(default, int) or default is None:
        return int(values[-1])
    return float(values[-1]) if isinstance(default, float) else values[-1]
