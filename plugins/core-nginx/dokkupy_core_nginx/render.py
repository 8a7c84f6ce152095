"""The main file of a configuration and the list of all of its files, from values alone.

Every path in it is relative: to the folder of the main file (`include`) or to the proxy's folder
(all others), so no character of a root's path can mean anything to nginx.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dokkupy_core_nginx.media_types import render_media_types
from dokkupy_core_nginx.naming import app_file
from dokkupy_core_nginx.quoting import quote
from dokkupy_core_nginx.render_app import (
    render_app,
    render_forwarded,
    render_settings,
    render_snippets,
)
from dokkupy_core_nginx.render_site import settings_of
from dokkupy_core_nginx.site import Site

CONTROL_SOCKET: Final = "control/socket"
PID_FILE: Final = "nginx.pid"
ERROR_LOG: Final = "logs/error.log"
ACCESS_LOGS: Final = "logs/access"
TEMPORARY: Final = ("body", "proxy", "fastcgi", "scgi", "uwsgi")
"""nginx makes all five folders, also for protocols that nothing uses."""

_COMPRESSED: Final = (
    "application/javascript application/json application/ld+json application/manifest+json "
    "application/rss+xml application/wasm application/xhtml+xml application/xml font/otf font/ttf "
    "image/bmp image/svg+xml text/cache-manifest text/calendar text/css text/javascript "
    "text/markdown text/plain text/vcard text/xml"
)
"""`text/html` is always among them; `text/event-stream` must not be, it would be held back."""

_CIPHERS: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
"""For TLS 1.2: forward secrecy and authenticated encryption alone."""


def render_site(site: Site, main: str) -> dict[str, str]:
    """Return path -> text of every file, the main one under the name `main`."""
    parts: dict[str, str] = {}
    apps = []
    for app in site.apps:
        text = render_app(app, site)
        path = app_file(app.route.app, text)
        apps.append(path)
        parts[path] = text
        if app.route.hosts:
            parts.update(render_snippets(app))
    return {main: render_main(site, apps), **parts}


def render_main(site: Site, parts: Sequence[str] = ()) -> str:
    """Return the main file: processes, what holds for all apps, and who answers for no app."""
    return f"""\
# Written by dokkupy before each reload; what is changed here by hand is lost.
{_user(site)}worker_processes {site.process.workers};
worker_rlimit_nofile {site.process.open_files};
daemon on;
pid {PID_FILE};
error_log {ERROR_LOG} error;

events {{
    worker_connections {site.process.open_files // 2};
}}

http {{
    server_tokens off;
    default_type application/octet-stream;
    access_log off;
    log_format dokkupy '$remote_addr - $remote_user [$time_local] "$request" $status '
        '$body_bytes_sent "$http_referer" "$http_user_agent" '
        '$host $request_time $upstream_addr $dokkupy_request_id';
{_temporary()}
{_hashes(site)}

    # nginx cannot escape a dollar sign.
    geo $dokkupy_dollar {{ default "$"; }}

    # Upgrades other than to a websocket (h2c) would let requests pass unseen.
    map $http_upgrade $dokkupy_upgrade {{ default ""; "~*^websocket$" websocket; }}
    map $http_upgrade $dokkupy_connection {{ default ""; "~*^websocket$" upgrade; }}

    # The port a visitor typed is in the Host header alone, but a request line with another host
    # than the header's is routed by the line: then the header is not to be believed.
    map "$host $http_host" $dokkupy_host {{ default $host; "~*^(\\S+) \\1(?::\\d+)?$" $http_host; }}

    # Whoever vouches for a certificate asks for its proof over http (RFC 8555, section 8.3).
    map "$scheme $uri" $dokkupy_insecure {{
        default "";
        "~^http (?!/\\.well-known/acme-challenge/)" 1;
    }}

    # A caller's request id is kept when it looks like one.
    map $http_x_request_id $dokkupy_request_id {{
        default $request_id;
        "~^[A-Za-z0-9._-]{{20,200}}$" $http_x_request_id;
    }}

    gzip on;
    gzip_vary on;
    gzip_proxied any;
    gzip_min_length 1024;
    gzip_types {_COMPRESSED};

    proxy_http_version 1.1;
    # A request that the app may have begun to work on is not sent twice, unless its method is
    # safe to repeat; and not after the time in which a connection fails.
    proxy_next_upstream error timeout;
    proxy_next_upstream_timeout 15s;
{_defaults(site)}
{_tls(site)}{_files(site)}{_default_servers(site)}
    server {{
        listen unix:{CONTROL_SOCKET};
        keepalive_timeout 0;
        location = /generation {{ return 200 "{site.generation}"; }}
    }}

{"".join(f"    include {part};" + chr(10) for part in parts)}}}
"""


def _user(site: Site) -> str:
    process = site.process
    return f"user {quote(process.user)} {quote(process.group)};\n" if process.user else ""


def _temporary() -> str:
    names = {"body": "client_body"}
    return "\n".join(f"    {names.get(name, name)}_temp_path temp/{name};" for name in TEMPORARY)


def _hashes(site: Site) -> str:
    hosts = [host for app in site.apps for host in app.route.hosts]
    # A bucket must hold its longest name with a pointer, its length and the end mark.
    bucket = max(128, _power_of_two(max(map(len, hosts), default=0) + 32))
    size = max(512, _power_of_two(2 * len(hosts)))
    # Each app with https-only headers has a variable of its own.
    variables = max(1024, _power_of_two(4 * len(site.apps)))
    return (
        f"    server_names_hash_bucket_size {bucket};\n"
        f"    server_names_hash_max_size {size};\n"
        f"    variables_hash_bucket_size 128;\n"
        f"    variables_hash_max_size {variables};"
    )


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length() if number > 1 else 1


def _defaults(site: Site) -> str:
    lines = (*render_settings(site.defaults), *render_forwarded())
    return "".join(f"    {line}\n" for line in lines)


def _tls(site: Site) -> str:
    """Return what holds for every certificate: Mozilla's intermediate set, version 5.7."""
    if not site.secure_listens:
        return ""
    return f"""\
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers {_CIPHERS};
    ssl_prefer_server_ciphers off;
    ssl_session_cache shared:dokkupy:10m;
    ssl_session_timeout 1d;
    # Their key would stay the same until a restart, and with it lies every session of before.
    ssl_session_tickets off;
"""


def _files(site: Site) -> str:
    """Return what holds for all sites of files."""
    if not any(map(settings_of, site.apps)):
        return ""
    return f"""\
    # The files of a site never change under their paths, so what is known of them stays true; a
    # worker keeps no more of them open than this.
    open_file_cache max=2000 inactive=60s;
    open_file_cache_valid 60s;
    open_file_cache_errors on;
    charset_types text/css text/javascript text/markdown text/plain text/vcard text/xml
        application/javascript application/json application/ld+json application/manifest+json
        application/rss+xml application/xml image/svg+xml;
{render_media_types()}
"""


def _default_servers(site: Site) -> str:
    """Return who answers for hosts of nobody: with an end, before any certificate is shown."""
    plain = [f"listen {listen} default_server;" for listen in site.listens]
    secure = [f"listen {listen} ssl http2 default_server;" for listen in site.secure_listens]
    blocks = []
    if plain:
        blocks.append([*plain, "server_name _;", "return 444;"])
    if secure:
        blocks.append([*secure, "server_name _;", "ssl_reject_handshake on;", "return 444;"])
    return "".join(
        "    server {\n" + "".join(f"        {line}\n" for line in block) + "    }\n"
        for block in blocks
    )
