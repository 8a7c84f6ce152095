from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from dokkupy.errors import ProxyRefused
from dokkupy.testing.contracts.proxy import route
from dokkupy.types import Endpoint
from dokkupy_core_nginx.site import AppSite, Process, Site
from dokkupy_core_nginx.validation import Complaint, accept, parse_complaint

FOLDER = "/srv/my root/proxy/conf"
DIGEST = "0123456789abcdef"


def test_a_complaint_names_app_file_and_line() -> None:
    file = f"apps/blog.{DIGEST}.conf"
    complaint = parse_complaint(
        f'nginx: [emerg] unknown directive "x" in {FOLDER}/{file}:7\n'
        "nginx: configuration file /x test failed\n",
        FOLDER,
    )
    assert complaint == Complaint(
        text=f'unknown directive "x" in {FOLDER}/{file}:7', app="blog", file=file, line=7
    )


def test_a_complaint_names_the_plugin() -> None:
    complaint = parse_complaint(
        f'nginx: [emerg] unknown directive "x" in {FOLDER}/snippets/blog.auth.{DIGEST}.conf:2',
        FOLDER,
    )
    assert complaint.app == "blog"
    assert complaint.text == 'unknown directive "x" (line 2 of what the plugin auth adds)'


def test_the_wording_of_a_directive_cannot_put_the_blame_on_another_app() -> None:
    fake = f"x in {FOLDER}/apps/other.{DIGEST}.conf:1"
    complaint = parse_complaint(
        f'nginx: [emerg] unknown directive "{fake}" in {FOLDER}/snippets/blog.p.{DIGEST}.conf:2',
        FOLDER,
    )
    assert complaint.app == "blog"


def test_a_complaint_may_be_about_nobody() -> None:
    assert parse_complaint("nginx: [emerg] zero size shared memory zone", FOLDER).app == ""
    assert parse_complaint(f"nginx: [emerg] x in {FOLDER}/12.conf:3", FOLDER).app == ""
    assert parse_complaint("nginx did not finish within 30 seconds", FOLDER).text.endswith(
        "seconds"
    )


def site(**snippets: str) -> Site:
    endpoint = Endpoint(host="127.0.0.1", port=1)
    return Site(
        generation=1,
        listens=(),
        process=Process(workers=1, open_files=1024),
        defaults=AppSite(route=route("x")).settings,
        apps=tuple(
            AppSite(route=route(app, endpoint), snippets={"p": text} if text else {})
            for app, text in snippets.items()
        ),
    )


class FakeNginx:
    """Refuses snippets that hold `bad`; says in which file unless they hold `mute` as well."""

    def __init__(self) -> None:
        self.tests = 0

    def __call__(self, site: Site) -> Complaint | None:
        self.tests += 1
        for app in site.apps:
            for text in app.snippets.values():
                if "bad" in text:
                    named = "" if "mute" in text else app.route.app
                    return Complaint(text=f"what is {text}?", app=named)
        return None


def nothing(_: str) -> Mapping[str, str] | None:
    return None


def served_before(**snippets: str) -> Callable[[str], Mapping[str, str] | None]:
    known = {app: {"p": text} if text else {} for app, text in snippets.items()}
    return known.get


def shape(site: Site) -> dict[str, str]:
    """Return app -> its snippet, or `withheld`."""
    return {
        app.route.app: "withheld" if app.withheld else app.snippets.get("p", "")
        for app in site.apps
    }


def test_an_accepted_site_is_tested_once_and_left_alone() -> None:
    nginx, wanted = FakeNginx(), site(a="fine", b="")
    accepted = accept(wanted, nginx, changed="a", good=nothing)
    assert (accepted.site, accepted.refused, nginx.tests) == (wanted, {}, 1)


@pytest.mark.parametrize("bad", ["bad", "bad mute"])
def test_the_changed_app_is_refused_by_name(bad: str) -> None:
    with pytest.raises(ProxyRefused, match="what is bad") as refusal:
        accept(site(a=bad, b="fine"), FakeNginx(), changed="a", good=served_before(a="ok"))
    assert refusal.value.app == "a"


@pytest.mark.parametrize("bad", ["bad", "bad mute"])
def test_another_app_is_set_back_to_what_served_it(bad: str) -> None:
    accepted = accept(
        site(a="fine", b=bad, c="fine"),
        FakeNginx(),
        changed="a",
        good=served_before(a="ok", b="older", c="fine"),
    )
    assert shape(accepted.site) == {"a": "fine", "b": "older", "c": "fine"}
    assert list(accepted.refused) == ["b"]
    assert accepted.site.apps[1].route == site(b="").apps[0].route


@pytest.mark.parametrize("good", [nothing, served_before(b="bad"), served_before(b="older bad")])
def test_an_app_that_nothing_good_served_is_withheld(
    good: Callable[[str], Mapping[str, str] | None],
) -> None:
    accepted = accept(site(a="fine", b="bad"), FakeNginx(), changed="a", good=good)
    assert shape(accepted.site) == {"a": "fine", "b": "withheld"}
    assert accepted.site.apps[1].route.endpoints == ()


@pytest.mark.parametrize("bad", ["bad", "bad mute"])
def test_many_broken_apps_cost_few_tests(bad: str) -> None:
    nginx = FakeNginx()
    apps = {f"app{number}": bad if number % 2 else "fine" for number in range(200)}
    good = served_before(**dict.fromkeys(apps, "fine"))
    accepted = accept(site(**apps), nginx, changed="app0", good=good)
    assert set(shape(accepted.site).values()) == {"fine"}
    assert nginx.tests < 60


def test_what_is_about_no_app_is_refused_as_such() -> None:
    def never(_: Site) -> Complaint:
        return Complaint(text="no room")

    with pytest.raises(ProxyRefused, match="no room") as refusal:
        accept(site(a="fine", b=""), never, changed="a", good=nothing)
    assert refusal.value.app == ""
