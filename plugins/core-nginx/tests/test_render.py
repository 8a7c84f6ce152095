"""Whole files against golden ones; `GOLDEN=write pytest` writes those anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.testing.contracts.proxy import page, route
from dokkupy.types import Certificate, Endpoint, RouteState
from dokkupy_core_nginx.addresses import Listen
from dokkupy_core_nginx.headers import Headers
from dokkupy_core_nginx.render import render_main, render_site
from dokkupy_core_nginx.render_app import render_app
from dokkupy_core_nginx.settings import DEFAULTS
from dokkupy_core_nginx.site import AppSite, Process, Site
from dokkupy_core_nginx.validation import withheld

GOLDEN = Path(__file__).parent / "golden"
OLD = Endpoint(host="10.208.0.4", port=5000)
NEW = Endpoint(host="10.208.0.5", port=5000)
NEW_TOO = Endpoint(host="fd00::5", port=5000)

SITE = Site(
    generation=7,
    listens=(Listen(address="0.0.0.0", port=80), Listen(address="::", port=80)),
    process=Process(workers=2, open_files=16384, user="dokkupy", group="dokkupy"),
    defaults=DEFAULTS,
    apps=(),
)
SECURE_SITE = replace(
    SITE,
    secure_listens=(Listen(address="0.0.0.0", port=443), Listen(address="::", port=443)),
    home=Path("/srv/proxy/conf"),
)
CERTIFICATE = Certificate(
    chain=Path("/srv/certs/1f/server.crt"),
    key=Path("/srv/certs/1f/server.key"),
    names=("blog.test", "*.blog.test"),
)
EVERY_SETTING = replace(
    DEFAULTS,
    client_max_body_size="0",
    proxy_connect_timeout="500ms",
    proxy_read_timeout="1h",
    proxy_send_timeout="2m",
    proxy_buffering="off",
    proxy_request_buffering="off",
    proxy_buffer_size="32k",
    keepalive=0,
    headers=Headers.parse('X-Frame-Options: DENY\nX-Price: "5 $";'),
    access_log="on",
    hsts="on",
    hsts_max_age=60,
    hsts_include_subdomains="on",
)

APPS = {
    "serving": AppSite(route=route("blog", NEW, hosts=("blog.test", "*.blog.test"))),
    "several": AppSite(route=route("blog", NEW, NEW_TOO)),
    "probation": AppSite(route=route("blog", NEW, NEW_TOO, backups=(OLD,))),
    "settings": AppSite(route=route("my-blog", NEW), settings=EVERY_SETTING),
    "snippets": AppSite(
        route=route("blog", NEW), snippets={"zed": "deny all;\n", "auth": "auth_basic a;\n"}
    ),
    "certificate": AppSite(
        route=replace(
            route("blog", NEW, hosts=("blog.test", "www.blog.test", "a.b.blog.test", "other.test")),
            certificate=CERTIFICATE,
        ),
        snippets={"auth": "auth_basic a;\n"},
    ),
    "never-deployed": AppSite(route=page("blog", RouteState.NEVER_DEPLOYED)),
    "stopped": AppSite(route=page("blog", RouteState.STOPPED)),
    "withheld": withheld(AppSite(route=route("blog", NEW), snippets={"auth": "bad"})),
    "no-hosts": AppSite(route=replace(route("blog", NEW), hosts=())),
}


@pytest.mark.parametrize("case", APPS)
def test_an_app_is_rendered_as_the_golden_file(case: str) -> None:
    assert_golden(f"app-{case}.conf", render_app(APPS[case], SECURE_SITE))


def test_the_main_file_is_rendered_as_the_golden_file() -> None:
    assert_golden("main.conf", render_main(SECURE_SITE, ["apps/a.conf", "apps/b.conf"]))


def test_without_a_certificate_nothing_listens_for_https() -> None:
    files = render_site(replace(SITE, apps=(APPS["serving"],)), "7.conf")
    assert not [text for text in files.values() if "ssl" in text]


def test_visitors_stay_with_http_when_the_app_says_so() -> None:
    app = replace(APPS["certificate"], settings=replace(DEFAULTS, https_redirect="off"))
    text = render_app(app, SECURE_SITE)
    assert text.count("server {") == 1
    assert "308" not in text


def test_the_usual_port_of_https_is_not_named_and_another_is() -> None:
    assert "https://$host$request_uri" in render_app(APPS["certificate"], SECURE_SITE)
    other = replace(SECURE_SITE, secure_listens=(Listen(address="::", port=8443),))
    assert "https://$host:8443$request_uri" in render_app(APPS["certificate"], other)


def test_without_root_no_user_is_named() -> None:
    own = replace(SITE, process=Process(workers=1, open_files=1024))
    assert "user " not in render_main(own).partition("events")[0]


def test_a_site_without_addresses_listens_on_its_control_socket_alone() -> None:
    nowhere = replace(SITE, listens=(), apps=tuple(APPS.values())[:1])
    files = render_site(nowhere, "7.conf")
    listens = [
        line.strip() for text in files.values() for line in text.splitlines() if "listen" in line
    ]
    assert listens == ["listen unix:control/socket;"]


def test_the_tables_for_names_grow_with_the_names() -> None:
    long = ".".join(["x" * 60] * 4)
    many = [AppSite(route=route(f"app{number}", NEW)) for number in range(600)]
    main = render_main(replace(SITE, apps=(*many, AppSite(route=route("long", hosts=(long,))))))
    assert "server_names_hash_bucket_size 512;" in main
    assert "server_names_hash_max_size 2048;" in main


def test_what_two_configurations_share_has_one_name() -> None:
    apps = tuple(AppSite(route=route(f"app{number}", NEW)) for number in range(3))
    first = render_site(replace(SITE, apps=apps), "7.conf")
    changed = replace(apps[1], settings=replace(DEFAULTS, keepalive=1))
    second = render_site(replace(SITE, generation=8, apps=(apps[0], changed, apps[2])), "8.conf")
    fresh = {name: text for name, text in second.items() if first.get(name) != text}
    assert [name.partition(".")[0] for name in fresh] == ["8", "apps/app1"]


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
