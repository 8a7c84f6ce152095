# ruff: noqa: E501 - the text of a rendered file stands here as nginx reads it
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.names import AppName, HostName
from dokkupy.types import (
    Certificate,
    Route,
    RouteState,
    Site,
    SiteFallback,
    SiteHeader,
    SiteRedirect,
    SiteSettings,
)
from dokkupy_core_nginx import site as sites
from dokkupy_core_nginx.addresses import Listen
from dokkupy_core_nginx.headers import Headers
from dokkupy_core_nginx.render import render_site
from dokkupy_core_nginx.render_app import render_app
from dokkupy_core_nginx.settings import DEFAULTS
from dokkupy_core_nginx.site import AppSite

SETTINGS = SiteSettings(
    clean_urls=True,
    error_page="/lost.html",
    fallbacks=(SiteFallback(pattern="/app/**", file="/index.html"),),
    headers=(SiteHeader(pattern="/", name="X-A", value='a "$b"'),),
    redirects=(SiteRedirect(path="/old", url="/new?a=$b", status=301),),
)


def app(settings: SiteSettings = SETTINGS) -> AppSite:
    return AppSite(
        route=Route(
            app=AppName("my-site"),
            hosts=(HostName("one.test"),),
            state=RouteState.SERVING,
            site=Site(folder=Path("/root/sites/my-site-1-ab"), settings=settings),
        )
    )


def whole(*apps: AppSite) -> sites.Site:
    return sites.Site(
        generation=1,
        listens=(Listen(address="127.0.0.1", port=80),),
        secure_listens=(Listen(address="127.0.0.1", port=443),),
        home=Path("/root/proxy/conf"),
        process=sites.Process(workers=2, open_files=100),
        defaults=DEFAULTS,
        apps=apps,
    )


def test_a_site_is_its_maps_and_a_server_block() -> None:
    rendered = render_app(app(), whole(app()))
    assert (
        rendered.partition("map ")[2]
        == r"""$uri $dokkupy_site_my_site_header_0 {
    default "no-cache";
    "~^/_nuxt/(?s:.*)\z" "public, max-age=31536000, immutable";
    "~^/_app/immutable/(?s:.*)\z" "public, max-age=31536000, immutable";
    "~^/_astro/(?s:.*)\z" "public, max-age=31536000, immutable";
    "~^/_next/static/(?s:.*)\z" "public, max-age=31536000, immutable";
    "~^/(?:[^\x00]*[/.-])?(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}\.[A-Za-z0-9.]+\z" "public, max-age=31536000, immutable";
}

map $uri $dokkupy_site_my_site_header_1 {
    default "";
    "~^/(?:index\x2ehtml)?\z" "a \"${dokkupy_dollar}b\"";
}

map $uri $dokkupy_site_my_site_to_301 {
    default "";
    "~^/old(?:\x2ehtml)?\z" "/new?a=${dokkupy_dollar}b";
}

map $uri $dokkupy_site_my_site_fallback {
    default "";
    "~^/app/(?s:.*)\z" "/index.html";
}

server {
    listen 127.0.0.1:80;
    server_name one.test;
    absolute_redirect off;
    root "../sites/my-site-1-ab";
    add_header Cache-Control $dokkupy_site_my_site_header_0;
    add_header X-A $dokkupy_site_my_site_header_1 always;
    if ($dokkupy_site_my_site_to_301) { return 301 $dokkupy_site_my_site_to_301; }
    error_page 403 =404 "/lost.html";
    error_page 404 500 "/lost.html";
    index index.html;
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    charset utf-8;
    location / { try_files $uri $uri.html $uri/ @dokkupy_site; }
    location @dokkupy_site { if ($dokkupy_site_my_site_fallback = "") { return 404; } rewrite ^ $dokkupy_site_my_site_fallback break; }
}
"""
    )


def test_what_holds_for_files_is_there_when_a_site_is() -> None:
    without = replace(app(), route=replace(app().route, site=None))
    assert "open_file_cache" in render_site(whole(app()), "1.conf")["1.conf"]
    assert "open_file_cache" not in render_site(whole(without), "1.conf")["1.conf"]


@pytest.mark.parametrize("state", [RouteState.STOPPED, RouteState.NEVER_DEPLOYED])
def test_a_site_that_does_not_serve_has_its_page(state: RouteState) -> None:
    stopped = replace(app(), route=replace(app().route, state=state))
    assert "sites/" not in render_app(stopped, whole(stopped))


def test_headers_that_a_person_decided_go_before_those_of_the_source() -> None:
    decided = replace(DEFAULTS, headers=Headers.parse("cache-control: no-store\nX-a: mine"))
    rendered = render_app(replace(app(), settings=decided), whole(app()))
    assert "$dokkupy_site_my_site_header" not in rendered


@pytest.mark.parametrize("only", [True, False])
def test_a_site_may_want_https_where_the_app_leaves_visitors_alone(only: bool) -> None:
    certificate = Certificate(
        chain=Path("/root/certs/a"), key=Path("/root/certs/b"), names=("one.test",)
    )
    site = replace(
        app(SiteSettings(https_only=only)), settings=replace(DEFAULTS, https_redirect="off")
    )
    site = replace(site, route=replace(site.route, certificate=certificate))
    assert ("return 308" in render_app(site, whole(site))) is only
