"""One app's file of a configuration, from values alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os.path import relpath
from typing import Final

from dokkupy.names import HostName
from dokkupy.types import Certificate, Endpoint, Route, RouteState
from dokkupy_core_nginx import pages
from dokkupy_core_nginx.naming import snippet_file
from dokkupy_core_nginx.quoting import quote
from dokkupy_core_nginx.render_site import render_maps, render_server, sends_to_https
from dokkupy_core_nginx.settings import Settings
from dokkupy_core_nginx.site import AppSite, Site

RETRY_AFTER: Final = 30
"""Seconds after which a visitor of a stopped app may ask again."""

_FORWARDED: Final = (
    ("Host", "$dokkupy_host"),
    # Overwritten, not appended to: what a visitor claims of addresses before this one is no fact.
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-Proto", "$scheme"),
    ("X-Forwarded-Host", "$dokkupy_host"),
    ("X-Forwarded-Port", "$server_port"),
    ("X-Request-Id", "$dokkupy_request_id"),
    ("X-Request-Start", "t=$msec"),
    ("Upgrade", "$dokkupy_upgrade"),
    ("Connection", "$dokkupy_connection"),
    # CGI programs would take it for the variable HTTP_PROXY.
    ("Proxy", '""'),
)


def upstream_name(app: str) -> str:
    """Return the name under which `proxy_pass` reaches an app: `http://app-NAME`."""
    return f"app-{app}"


def render_app(app: AppSite, site: Site) -> str:
    """Return the file of one app: who answers for it, and under which names."""
    route = app.route
    parts = [_upstream(route, app.settings)]
    if route.hosts and site.listens:
        parts.extend(_hsts(route.app, app.settings))
        parts.extend(render_maps(app))
        sent = _sent_to_https(app)
        others = [host for host in route.hosts if host not in sent]
        blocks = ((sent, True), (others, False))
        parts += [_server(app, site, hosts, sent=to_https) for hosts, to_https in blocks if hosts]
    return "\n".join(parts)


def render_snippets(app: AppSite) -> dict[str, str]:
    """Return path -> text of what plugins add to an app."""
    return {
        snippet_file(app.route.app, plugin, text): text
        for plugin, text in sorted(app.snippets.items())
    }


def certificate_files(certificate: Certificate, site: Site) -> tuple[str, str]:
    """Return chain and key as the files of a site name them, relative to its home."""
    return relpath(certificate.chain, site.home), relpath(certificate.key, site.home)


def render_settings(settings: Settings) -> list[str]:
    """Return the directives of the settings that may stand in `http` and `server` alike."""
    size = settings.proxy_buffer_size
    number, unit = int(size[:-1]), size[-1]
    return [
        f"client_max_body_size {settings.client_max_body_size};",
        f"proxy_connect_timeout {settings.proxy_connect_timeout};",
        f"proxy_read_timeout {settings.proxy_read_timeout};",
        f"proxy_send_timeout {settings.proxy_send_timeout};",
        f"proxy_buffering {settings.proxy_buffering};",
        f"proxy_request_buffering {settings.proxy_request_buffering};",
        f"proxy_buffer_size {size};",
        f"proxy_buffers 8 {size};",
        f"proxy_busy_buffers_size {2 * number}{unit};",
    ]


def render_forwarded() -> list[str]:
    """Return the directives by which apps learn whom a request came from, and how."""
    return [f"proxy_set_header {name} {value};" for name, value in _FORWARDED]


def _upstream(route: Route, settings: Settings) -> str:
    primaries, backups = route.endpoints, route.backups
    if route.state is not RouteState.SERVING:
        primaries = backups = ()
    if not primaries:
        primaries, backups = backups, ()
    lines = [*_servers(primaries, backups)] or [
        # The name must exist for directives of plugins, whatever state the app is in.
        "server 127.0.0.1:1 down;"
    ]
    if settings.keepalive:
        # Let go of idle connections before any app server does: a request that is not
        # idempotent is lost when both move at once.
        lines += [f"keepalive {settings.keepalive};", "keepalive_timeout 1s;"]
    body = "".join(f"    {line}\n" for line in lines)
    return f"upstream {upstream_name(route.app)} {{\n{body}}}\n"


def _servers(primaries: Sequence[Endpoint], backups: Sequence[Endpoint]) -> Iterator[str]:
    # One that failed is passed over for two seconds only where others of its kind can take its
    # share. Alone, or with the generation before behind it, it must not be: it would answer
    # nothing, or let the old version answer, after it has long come up.
    fails = "max_fails=1 fail_timeout=2s" if len(primaries) > 1 and not backups else "max_fails=0"
    for endpoint in primaries:
        yield f"server {endpoint} {fails};"
    for endpoint in backups:
        yield f"server {endpoint} max_fails=0 backup;"


def _hsts(app: str, settings: Settings) -> Iterator[str]:
    if settings.hsts == "on":
        value = f"max-age={settings.hsts_max_age}"
        if settings.hsts_include_subdomains == "on":
            value += "; includeSubDomains"
        # An empty header is not sent: over plain http it has no meaning (RFC 6797, section 7.2).
        yield f'map $https {_hsts_variable(app)} {{ default ""; on {quote(value)}; }}\n'


def _hsts_variable(app: str) -> str:
    return f"$dokkupy_hsts_{app.replace('-', '_')}"


def _sent_to_https(app: AppSite) -> list[HostName]:
    """Return the hosts at which https is better than http: elsewhere browsers would warn of it."""
    certificate = app.route.certificate
    wanted = app.settings.https_redirect != "off" or sends_to_https(app)
    if certificate is None or not wanted:
        return []
    return [host for host in app.route.hosts if certificate.covers(host)]


def _server(app: AppSite, site: Site, hosts: Sequence[HostName], *, sent: bool) -> str:
    route = app.route
    lines = [f"listen {listen};" for listen in site.listens]
    if route.certificate:
        lines += [f"listen {listen} ssl http2;" for listen in site.secure_listens]
    lines.append(f"server_name {' '.join(hosts)};")
    if route.certificate and site.secure_listens:
        lines += _tls(route.certificate, site)
        lines += _redirect(site) if sent else ()
    if app.settings.access_log == "on":
        lines.append(f"access_log logs/access/{route.app}.log dokkupy;")
    if app.settings != site.defaults:
        shared = render_settings(site.defaults)
        lines += [line for line in render_settings(app.settings) if line not in shared]
    if app.snippets:
        # Those of the main file hold until a block has one of its own, as a snippet might: then
        # both must stand here. For all other apps nginx shares one table, hundreds cost little.
        lines += render_forwarded()
    lines += [
        f"add_header {name} {quote(value)} always;" for name, value in app.settings.headers.items()
    ]
    if app.settings.hsts == "on":
        lines.append(f"add_header Strict-Transport-Security {_hsts_variable(route.app)} always;")
    # A file of its own per plugin: nginx refuses a brace too many in it, so it cannot end the
    # block it stands in, and names it in its message.
    lines += [f"include {name};" for name in render_snippets(app)]
    lines += render_server(app, site.home.parent) or _root_location(app)
    return "server {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _tls(certificate: Certificate, site: Site) -> list[str]:
    chain, key = certificate_files(certificate, site)
    return [f"ssl_certificate {chain};", f"ssl_certificate_key {key};"]


def _redirect(site: Site) -> Iterator[str]:
    port = site.secure_listens[0].port
    there = "$host" if port == 443 else f"$host:{port}"
    # 308 keeps the method: a form that was sent over http does not arrive empty.
    yield f"if ($dokkupy_insecure) {{ return 308 https://{there}$request_uri; }}"


def _root_location(app: AppSite) -> list[str]:
    route = app.route
    name = str(route.app)
    if app.withheld:
        return _answer(503, pages.withheld(name))
    if route.state is RouteState.NEVER_DEPLOYED:
        return _answer(404, pages.never_deployed(name))
    if route.state is RouteState.STOPPED or not (route.endpoints or route.backups):
        return _answer(503, pages.stopped(name))
    return [f"location / {{ proxy_pass http://{upstream_name(name)}; }}"]


def _answer(status: int, page: str) -> list[str]:
    # Not within the location: headers there would hide those that the app's settings add.
    lines = ["add_header Cache-Control no-store always;"]
    if status == 503:
        lines.append(f"add_header Retry-After {RETRY_AFTER} always;")
    lines += ["default_type text/html;", "charset utf-8;"]
    return [*lines, f"location / {{ return {status} {quote(page)}; }}"]
