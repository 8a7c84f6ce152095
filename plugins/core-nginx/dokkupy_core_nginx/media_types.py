"""Which media type a file's name tells (RFC 9110, section 8.3), for files that nginx serves."""

from __future__ import annotations

from typing import Final

MEDIA_TYPES: Final = {
    "application/atom+xml": "atom",
    "application/epub+zip": "epub",
    "application/gzip": "gz tgz",
    "application/json": "json map",
    "application/ld+json": "jsonld",
    "application/manifest+json": "webmanifest",
    "application/pdf": "pdf",
    "application/rss+xml": "rss",
    "application/rtf": "rtf",
    "application/wasm": "wasm",
    "application/xhtml+xml": "xhtml",
    "application/zip": "zip",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "oga ogg opus",
    "audio/wav": "wav",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/jpeg": "jpeg jpg",
    "image/png": "png",
    "image/svg+xml": "svg svgz",
    "image/tiff": "tif tiff",
    "image/webp": "webp",
    "image/x-icon": "cur ico",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "htm html",
    "text/javascript": "js mjs",
    "text/markdown": "md",
    "text/plain": "asc log text txt",
    "text/vcard": "vcard vcf",
    "text/vtt": "vtt",
    "text/xml": "xml xsl",
    "video/mp4": "m4v mp4",
    "video/mpeg": "mpeg mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
}
"""Media type -> endings of names."""


def render_media_types() -> str:
    """Return nginx's table of them."""
    lines = "".join(f"        {kind} {names};\n" for kind, names in MEDIA_TYPES.items())
    return f"    types {{\n{lines}    }}"
