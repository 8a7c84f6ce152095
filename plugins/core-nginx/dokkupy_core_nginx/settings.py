"""The settings under the noun `nginx`: what each is called, what it may be, what it is at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dokkupy.types import Property, PropertyGroup
from dokkupy_core_nginx.addresses import BindAddress
from dokkupy_core_nginx.headers import Headers

NOUN: Final = "nginx"

SIZE: Final = r"(?:0|[1-9][0-9]{0,5})[kKmMgG]?"
TIME: Final = r"[1-9][0-9]{0,5}(?:ms|s|m|h|d)?"
NO_HEADERS: Final = Headers()
SWITCH: Final = ("on", "off")
Switch = Literal["on", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one app is served with, or every app that says nothing else.

    Sizes and times are spelled as nginx spells them (`100m`, `60s`).
    """

    client_max_body_size: str = "100m"
    proxy_connect_timeout: str = "3s"
    proxy_read_timeout: str = "60s"
    proxy_send_timeout: str = "60s"
    proxy_buffering: Switch = "on"
    proxy_request_buffering: Switch = "on"
    proxy_buffer_size: str = "16k"
    keepalive: int = 16
    headers: Headers = NO_HEADERS
    access_log: Switch = "off"
    https_redirect: Switch = "on"
    hsts: Switch = "off"
    hsts_max_age: int = 15_724_800
    hsts_include_subdomains: Switch = "off"


DEFAULTS: Final = Settings()


def _property(name: str, help_: str, *, pattern: str = "", switch: bool = False) -> Property:
    default: str | int = getattr(DEFAULTS, name.replace("-", "_"))
    return Property(
        name=name,
        type=type(default),
        help=help_,
        default=default,
        choices=SWITCH if switch else (),
        pattern=pattern,
        takes_effect="now",
    )


GROUP: Final = PropertyGroup(
    noun=NOUN,
    properties=(
        _property(
            "client-max-body-size", "Largest request body, 0 for any: 100m, 2g", pattern=SIZE
        ),
        _property(
            "proxy-connect-timeout", "How long a container may take to accept: 3s", pattern=TIME
        ),
        _property(
            "proxy-read-timeout",
            "Longest silence of the app within a response; idle websockets too: 60s, 1h",
            pattern=TIME,
        ),
        _property(
            "proxy-send-timeout", "Longest time in which the app takes no byte", pattern=TIME
        ),
        _property(
            "proxy-buffering",
            "Collect responses, so that slow clients do not hold up the app; "
            "one response opts out with the header X-Accel-Buffering: no",
            switch=True,
        ),
        _property(
            "proxy-request-buffering",
            "Collect request bodies on disk before the app sees them",
            switch=True,
        ),
        _property(
            "proxy-buffer-size", "Room for the response's headers: 16k", pattern=r"[1-9][0-9]{0,2}k"
        ),
        _property(
            "keepalive",
            "Idle connections kept to the app by each worker for a second, 0 for none",
            pattern=r"[0-9]{1,3}",
        ),
        _property("headers", "Response headers to add, one `Name: value` a line"),
        _property("access-log", "Write a line for each request", switch=True),
        _property(
            "https-redirect",
            "Send visitors from http to https, at hosts that the certificate is valid for",
            switch=True,
        ),
        _property("hsts", "Tell browsers to use https only; sent over https alone", switch=True),
        _property("hsts-max-age", "Seconds that browsers remember it", pattern=r"[0-9]{1,9}"),
        _property("hsts-include-subdomains", "Whether that holds for subdomains", switch=True),
        Property(
            name="bind-address-ipv4",
            type=BindAddress,
            help="IPv4 address to listen on, or none",
            default="0.0.0.0",  # noqa: S104  a web server's address
            scopes="global",
            takes_effect="now",
        ),
        Property(
            name="bind-address-ipv6",
            type=BindAddress,
            help="IPv6 address to listen on, or none",
            default="::",
            scopes="global",
            takes_effect="now",
        ),
    ),
)


def settings_of(values: Mapping[str, object]) -> Settings:
    """Return the settings that property values (name -> value) stand for."""
    return Settings(
        **{  # type: ignore[arg-type]  # each was checked by the property that declares it
            field: values[field.replace("_", "-")] for field in Settings.__dataclass_fields__
        }
    )
