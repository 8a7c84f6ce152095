"""Texts that somebody sends who means harm, or who knows no better."""

from __future__ import annotations

import string
from typing import Final

from hypothesis import strategies as st

CANARY: Final = "hostile-canary"
"""Part of every command that must never run, and the name of the file that it would make."""

COMMAND: Final = f"touch {CANARY}"
INJECTIONS: Final = (
    f"; {COMMAND}",
    f"&& {COMMAND}",
    f"| {COMMAND}",
    f"\n{COMMAND}\n",
    f"$({COMMAND})",
    f"`{COMMAND}`",
    f"${{IFS}}{COMMAND}",
    f"' ; {COMMAND} ; '",
    f'" ; {COMMAND} ; "',
    f"--upload-pack={COMMAND}",
    f"--exec={COMMAND}",
    f"--output={CANARY}",
    f"-o{CANARY}",
    f"-oProxyCommand={COMMAND}",
    f"--config=core.sshCommand={COMMAND}",
    f"ext::sh -c {COMMAND}",
    f"--root=/tmp/{CANARY}",
    f"{{{{ cycler.__init__.__globals__.os.popen('{COMMAND}') }}}}",
    f"'; DROP TABLE apps; --{CANARY}",
    f"%({CANARY})s",
    f"; }} location / {{ root /; }} # {CANARY}",
)
PATHS: Final = (
    "..", "../..", "../../../../../../etc/passwd", "/", "/etc/passwd", "/etc/shadow", "/dev/zero",
    "/dev/stdin", "/proc/self/environ", "~", "~root", ".", "./.", "a/../../b", "a//b", "a/", "\\..",
    "state.db", "file:///etc/passwd", "C:\\x", "a" * 300, "/".join(["a"] * 3000),
)  # fmt: skip
TERMINAL: Final = (
    "\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "a\rb", "a\bb", "\x7f", "\x00", "a\x00b", "\u202etxt",
    "\u2028", "\u2029", "\x85", "\ufeff", "\u200b", "\t", "\n", "\r\n", "\x0b\x0c",
)  # fmt: skip
NUMBERS: Final = (
    "0", "-1", "1", "65536", "2147483648", "99999999999999999999", "1e309", "nan", "-inf", "0x10",
    "1_000", "١٢", "\uff11", " 1", "1 ", "+1", "1.", ".5", "1e3", "-0", "007", "9" * 5000,
)  # fmt: skip
WORDS: Final = (
    "", " ", "-", "--", "---", "--help", "-h", "--version", "--json", "--debug", "--force",
    "--root", "--global", "@global", "@", ":", "=", "=x", "a=", "*", "*.*", "%00", "%2e%2e",
    "None", "null", "true", "{}", "[]", "ÄÖ", "ß", "İ", "日本語", "😀", "Ⅷ", "a" * 64, "a" * 1500,
    "xn--", "xn--a", "xn--ls8h",
)  # fmt: skip

KNOWN: Final = (*INJECTIONS, *PATHS, *TERMINAL, *NUMBERS, *WORDS)

unicode = st.text(max_size=80)
"""Valid Unicode, anything in it."""
ascii_soup = st.text(alphabet=string.printable + "\0\x1b\x7f", max_size=60)
known = st.sampled_from(KNOWN)
mixed = st.lists(known | unicode | ascii_soup, min_size=2, max_size=3).map("".join)
anything = known | mixed | unicode | ascii_soup

octets = st.binary(max_size=300) | anything.map(lambda text: text.encode(errors="surrogatepass"))
"""What a file or a pipe may hold."""


def near(alphabet: str, size: int = 70) -> st.SearchStrategy[str]:
    """Return texts of a rule's own characters, with one now and then that breaks it."""
    return st.text(alphabet=alphabet + "-_.:/*\n$ \u0301", max_size=size)


def lines_of(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return texts of several lines."""
    ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\\\n"])
    return st.lists(st.tuples(parts, ends).map("".join), max_size=6).map("".join)
