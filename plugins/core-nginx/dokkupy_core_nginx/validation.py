"""Which apps nginx accepts as they are, and what stands in for those it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from dokkupy.errors import ProxyRefused
from dokkupy.types import RouteState
from dokkupy_core_nginx.naming import owner
from dokkupy_core_nginx.render_app import certificate_files
from dokkupy_core_nginx.settings import DEFAULTS
from dokkupy_core_nginx.site import AppSite, Site

ONE_BY_ONE: Final = 4
"""So many refused apps are looked for singly; after that all that changed are set back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A site that nginx accepts, and app -> why something stands in for it."""

    site: Site
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What nginx said of a configuration."""

    text: str
    app: str = ""
    """Whose file it names, empty when it names none of an app's."""
    file: str = ""
    """Relative to the configuration's folder."""
    line: int = 0
    excerpt: str = ""
    """The lines around it."""


_PREFIX: Final = re.compile(r"^.*?\[emerg\] (?:\d+#\d+: )?")

Test = Callable[[Site], Complaint | None]
"""Let nginx read a site; None when it accepts it."""


def parse_complaint(output: str, folder: str) -> Complaint:
    """Return what nginx complained of; `folder` is where the configuration's files lie."""
    lines = [line for line in output.splitlines() if "[emerg]" in line] or output.splitlines()
    text = _PREFIX.sub("", lines[0]) if lines else "no reason given"
    # At the end of the line: what stands before may quote a directive of anybody's wording.
    place = re.search(rf" in {re.escape(folder)}/([^:]+):(\d+)$", text)
    if place is None:
        return Complaint(text=text)
    file = place[1]
    app, plugin = owner(file)
    if plugin:
        text = f"{text.removesuffix(place[0])} (line {place[2]} of what the plugin {plugin} adds)"
    return Complaint(text=text, app=app, file=file, line=int(place[2]))


Good = Callable[[str], Mapping[str, str] | None]
"""App -> plugin -> directives that served it before, None when it was not served."""


def accept(site: Site, test: Test, *, changed: str, good: Good) -> Accepted:
    """Return `site` with what nginx refuses of other apps than `changed` set back.

    An app is set back to the directives that served it before, with its present endpoints;
    when it was not served, or they are refused too, its page says that it is not served: to
    leave out directives could open what they protect.

    Raises:
        ProxyRefused: nginx refuses the part of `changed`, or what belongs to no app.
    """
    search = _Search(site, test, changed=changed, good=good)
    while (complaint := test(search.site)) is not None:
        search.mend(complaint)
    return Accepted(site=search.site, refused=search.refused)


class _Search:
    def __init__(self, site: Site, test: Test, *, changed: str, good: Good) -> None:
        self.site = site
        self.refused: dict[str, str] = {}
        self._test = test
        self._changed = changed
        self._good = good

    def mend(self, complaint: Complaint) -> None:
        """Set back whoever the complaint is about; each call comes nearer to the end.

        Raises:
            ProxyRefused: it is about whom the change is for, or about nobody who can be set back.
        """
        app = complaint.app or self._culprit(complaint)
        if app == self._changed or self._is_withheld(app):
            raise refusal(complaint, app)
        victims = [app]
        if len(self.refused) >= ONE_BY_ONE:
            victims += [one.route.app for one in self.site.apps if self._differs(one)]
        self.site = self._without(victims)
        for victim in victims:
            self.refused.setdefault(victim, complaint.text)

    def _is_withheld(self, name: str) -> bool:
        return any(app.withheld for app in self.site.apps if app.route.app == name)

    def _without(self, victims: list[str]) -> Site:
        return replace(
            self.site,
            apps=tuple(
                self._lesser(app) if app.route.app in victims else app for app in self.site.apps
            ),
        )

    def _differs(self, app: AppSite) -> bool:
        name = app.route.app
        return bool(app.snippets) and name != self._changed and app.snippets != self._good(name)

    def _lesser(self, app: AppSite) -> AppSite:
        good = self._good(app.route.app)
        if good is None or app.snippets == good:
            return withheld(app)
        return replace(app, snippets=good)

    def _culprit(self, complaint: Complaint) -> str:
        """Find whom a complaint without a file is about: by the certificate, else by halving."""
        for app in self.site.apps:
            if certificate := app.route.certificate:
                files = certificate_files(certificate, self.site)
                if any(f'"{self.site.home}/{file}"' in complaint.text for file in files):
                    return app.route.app
        suspects: list[str] = [app.route.app for app in self.site.apps if app.snippets]
        suspects.sort(key=lambda name: name != self._changed)
        if not suspects or self._fails_with(suspects, 0):
            raise refusal(complaint, "")
        passes, fails = 0, len(suspects)
        while fails - passes > 1:
            middle = (passes + fails) // 2
            if self._fails_with(suspects, middle):
                fails = middle
            else:
                passes = middle
        return suspects[fails - 1]

    def _fails_with(self, suspects: list[str], count: int) -> bool:
        """Say whether nginx refuses the site with the first `count` suspects as they are."""
        return self._test(self._stripped(suspects[count:])) is not None

    def _stripped(self, names: list[str]) -> Site:
        return replace(
            self.site,
            apps=tuple(withheld(app) if app.route.app in names else app for app in self.site.apps),
        )


def withheld(app: AppSite) -> AppSite:
    """Return an app reduced to the page that says it is not served."""
    route = replace(
        app.route,
        state=RouteState.STOPPED,
        endpoints=(),
        backups=(),
        certificate=None,
        site=None,
    )
    return AppSite(route=route, settings=DEFAULTS, withheld=True)


def refusal(complaint: Complaint, app: str) -> ProxyRefused:
    """Return the error for a configuration that cannot be served."""
    whose = f"the configuration of {app}" if app else "the configuration"
    return ProxyRefused(
        f"nginx refuses {whose}: {complaint.text}",
        app=app,
        detail=complaint.excerpt,
        hint=(
            f"Take back what was changed last; what serves now: dokkupy nginx show-config {app}"
            if app
            else "Take back what was changed last: dokkupy nginx report --global"
        ),
    )
