"""A configuration being written: put its files down, let nginx read them, say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dokkupy_core_nginx.generations import Generations
from dokkupy_core_nginx.master import Master
from dokkupy_core_nginx.naming import owner
from dokkupy_core_nginx.render import render_site
from dokkupy_core_nginx.site import Site
from dokkupy_core_nginx.validation import Complaint, parse_complaint

_CONTEXT_LINES = 2


class Draft:
    """The files of one number, written anew for each test."""

    def __init__(self, generations: Generations, master: Master, number: int) -> None:
        self._generations = generations
        self._master = master
        self._number = number
        self._files: Mapping[str, str] = {}

    def test(self, site: Site) -> Complaint | None:
        """Write a site's files and let nginx read them; None when it accepts them."""
        main = self._generations.main_file(self._number)
        self._files = render_site(site, main.name)
        self._generations.write(self._files)
        output = self._master.test(main)
        if not output:
            return None
        complaint = parse_complaint(output, str(main.parent))
        return replace(complaint, excerpt=self._excerpt(complaint))

    @property
    def parts(self) -> tuple[str, ...]:
        """The files of the last test but the main one."""
        return tuple(name for name in self._files if owner(name)[0])

    def _excerpt(self, complaint: Complaint) -> str:
        lines = self._files.get(complaint.file, "").splitlines()
        first = max(0, complaint.line - 1 - _CONTEXT_LINES)
        shown = lines[first : complaint.line + _CONTEXT_LINES]
        return "\n".join(
            f"{'>' if number == complaint.line else ' '} {number:4} {line}"
            for number, line in enumerate(shown, first + 1)
        )
