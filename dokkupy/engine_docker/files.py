"""Files put into containers, and folders taken out of them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from typing import IO

from dokkupy.engine import ContainerFile
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.wire import Upload, open_stream


def put_files(client: Client, container: str, files: Sequence[ContainerFile]) -> None:
    """Put files, root's own, into a container; the folders above them are the container's."""
    content = archive(files)
    upload = Upload(size=len(content), pieces=(content,))
    client.put(f"/containers/{container}/archive", upload, {"path": "/"})


def write_archive(client: Client, container: str, path: str, file: IO[bytes]) -> None:
    """Write a folder of a container to `file` as a tar archive."""
    with open_stream(
        client.socket, "GET", f"/containers/{container}/archive", query={"path": path}
    ) as stream:
        while arrived := stream.read():
            file.write(arrived)


def archive(files: Sequence[ContainerFile]) -> bytes:
    """Return the files as a tar archive of their paths below the root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            member = tarfile.TarInfo(file.path.lstrip("/"))
            member.size, member.mode = len(file.content), file.mode
            tar.addfile(member, io.BytesIO(file.content))
    return buffer.getvalue()
