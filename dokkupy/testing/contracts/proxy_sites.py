"""The contract of a proxy: sites of files, which it serves by itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.names import AppName, HostName
from dokkupy.testing import client
from dokkupy.testing.capability import Contract
from dokkupy.types import (
    Route,
    RouteState,
    Site,
    SiteFallback,
    SiteHeader,
    SiteRedirect,
    SiteSettings,
)

if TYPE_CHECKING:
    from dokkupy.testing.contracts.proxy import ProxyBench

FILES = {
    "index.html": "<h1>start</h1>",
    "about.html": "about",
    "docs/index.html": "docs",
    "empty/keep.txt": "",
    "app.3f9c1ab2.js": "script",
    "report-20240131.pdf": "report",
    "lost.html": "lost",
    "with space ü.txt": "letters",
}


PLAIN = SiteSettings()


def site_route(folder: Path, settings: SiteSettings = PLAIN) -> Route:
    """Return the route of the app `one` whose site lies in `folder`."""
    return Route(
        app=AppName("one"),
        hosts=(HostName("one.test"),),
        state=RouteState.SERVING,
        site=Site(folder=folder, settings=settings),
    )


class SitesContract(Contract):
    """A part of `ProxyContract`."""

    suite = "proxy"

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Give the folder of a site."""
        folder = tmp_path / "sites" / "one-1-abc"
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return folder

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/", "index.html"),
            ("/?q=1", "index.html"),
            ("/index.html", "index.html"),
            ("/about.html", "about.html"),
            ("/docs/", "docs/index.html"),
            ("/with%20space%20%C3%BC.txt", "with space ü.txt"),
        ],
    )
    def test_files_of_a_site_answer(
        self, bench: ProxyBench, folder: Path, path: str, name: str
    ) -> None:
        bench.proxy.apply([site_route(folder)])
        reply = client.get(bench.port, "one.test", path)
        assert (reply.status, reply.text) == (200, FILES[name])

    def test_what_is_no_file_of_a_site_is_404(self, bench: ProxyBench, folder: Path) -> None:
        (folder.parent / "secret").write_text("secret")
        bench.proxy.apply([site_route(folder)])
        paths = ("/nothing", "/about", "/empty/", "/../secret", "/%2e%2e/secret", "/..%2fsecret")
        for path in paths:
            reply = client.get(bench.port, "one.test", path)
            assert reply.status in (400, 404), path
            assert "secret" not in reply.text

    def test_folder_without_its_slash_leads_to_the_one_with_it(
        self, bench: ProxyBench, folder: Path
    ) -> None:
        bench.proxy.apply([site_route(folder)])
        reply = client.get(bench.port, "one.test", "/docs")
        assert (reply.status, reply.headers["location"]) == (301, "/docs/")

    def test_clean_paths_find_their_files_when_asked_for(
        self, bench: ProxyBench, folder: Path
    ) -> None:
        bench.proxy.apply([site_route(folder, SiteSettings(clean_urls=True))])
        for path, name in (("/about", "about.html"), ("/docs/", "docs/index.html")):
            assert client.get(bench.port, "one.test", path).text == FILES[name]

    def test_fallback_answers_where_there_is_no_file(self, bench: ProxyBench, folder: Path) -> None:
        settings = SiteSettings(
            fallbacks=(
                SiteFallback(pattern="/docs/*", file="/docs/index.html"),
                SiteFallback(pattern="/app/**", file="/index.html"),
            )
        )
        bench.proxy.apply([site_route(folder, settings)])
        answers = {
            path: client.get(bench.port, "one.test", path)
            for path in ("/app/deep/x", "/docs/x", "/docs/x/y", "/other", "/about.html")
        }
        assert [(reply.status, reply.text) for reply in answers.values()][:2] == [
            (200, FILES["index.html"]),
            (200, FILES["docs/index.html"]),
        ]
        assert [answers[path].status for path in ("/docs/x/y", "/other")] == [404, 404]
        assert answers["/about.html"].text == "about"
        assert answers["/app/deep/x"].headers["cache-control"] == "no-cache"

    def test_error_page_of_a_site_has_status_404(self, bench: ProxyBench, folder: Path) -> None:
        bench.proxy.apply([site_route(folder, SiteSettings(error_page="/lost.html"))])
        for path in ("/nothing", "/empty/", "/gone.0123abcd.js"):
            reply = client.get(bench.port, "one.test", path)
            assert (reply.status, reply.text) == (404, "lost")
            assert "immutable" not in reply.headers.get("cache-control", "")
        assert client.get(bench.port, "one.test", "/lost.html").status == 200

    def test_files_are_kept_by_browsers_as_their_names_allow(
        self, bench: ProxyBench, folder: Path
    ) -> None:
        bench.proxy.apply([site_route(folder, SiteSettings(immutable=("/docs/**",)))])
        kept = {
            path: client.get(bench.port, "one.test", path).headers["cache-control"]
            for path in ("/", "/app.3f9c1ab2.js", "/report-20240131.pdf", "/docs/")
        }
        for_ever = "public, max-age=31536000, immutable"
        assert list(kept.values()) == ["no-cache", for_ever, "no-cache", for_ever]
        assert "immutable" not in client.get(
            bench.port, "one.test", "/gone.3f9c1ab2.js"
        ).headers.get("cache-control", "")

    def test_headers_are_set_by_pattern_and_the_later_one_goes(
        self, bench: ProxyBench, folder: Path
    ) -> None:
        value = 'a "quoted" \\ $uri ${host} ; } { \' value'
        settings = SiteSettings(
            headers=(
                SiteHeader(pattern="/**", name="X-Where", value="anywhere"),
                SiteHeader(pattern="/**", name="X-Hard", value=value),
                SiteHeader(pattern="/docs/**", name="x-where", value="docs"),
                SiteHeader(pattern="/", name="Cache-Control", value="no-store"),
            )
        )
        bench.proxy.apply([site_route(folder, settings)])
        start, about, docs = (
            client.get(bench.port, "one.test", path).headers
            for path in ("/", "/about.html", "/docs/")
        )
        assert [one["x-where"] for one in (start, about, docs)] == ["anywhere", "anywhere", "docs"]
        assert (start["cache-control"], about["cache-control"]) == ("no-store", "no-cache")
        assert start["x-hard"] == value

    def test_redirects_of_a_site_go_before_its_files(self, bench: ProxyBench, folder: Path) -> None:
        settings = SiteSettings(
            redirects=(
                SiteRedirect(path="/about.html", url="/docs/", status=301),
                SiteRedirect(path="/away", url="https://example.com/?a=$b#c", status=302),
            )
        )
        bench.proxy.apply([site_route(folder, settings)])
        found = [client.get(bench.port, "one.test", path) for path in ("/about.html?x", "/away")]
        assert [(reply.status, reply.headers["location"]) for reply in found] == [
            (301, "/docs/"),
            (302, "https://example.com/?a=$b#c"),
        ]

    def test_stopped_site_is_503(self, bench: ProxyBench, folder: Path) -> None:
        bench.proxy.apply([replace(site_route(folder), state=RouteState.STOPPED)])
        assert client.get(bench.port, "one.test").status == 503

    def test_next_site_takes_the_place_of_the_one_before(
        self, bench: ProxyBench, folder: Path
    ) -> None:
        bench.proxy.apply([site_route(folder)])
        after = folder.with_name("one-2-def")
        after.mkdir()
        (after / "index.html").write_text("<h1>after</h1>")
        # As old and as large as the one before: browsers must not be told that it is the same.
        os.utime(folder / "index.html", (1_000_000_000, 1_000_000_000))
        os.utime(after / "index.html", (1_000_000_001, 1_000_000_001))
        before = client.get(bench.port, "one.test")
        bench.proxy.apply([site_route(after)])
        headers = {"If-None-Match": before.headers.get("etag", '"none"')}
        reply = client.get(bench.port, "one.test", headers=headers)
        assert (reply.status, reply.text) == (200, "<h1>after</h1>")
        assert client.get(bench.port, "one.test", "/about.html").status == 404
