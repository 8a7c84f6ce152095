"""The many ways in which the standard library says that an archive is damaged, told as one."""

from __future__ import annotations

import errno
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from dokkupy.errors import UsageError

_SIGNS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    ValueError,
)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what goes wrong while an archive is read into an error that a person understands.

    Raises:
        UsageError: it is damaged.
    """
    try:
        yield
    except (*_SIGNS, OSError) as error:
        # A zip may point before its own beginning, which is no fault of the disk.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise UsageError(
            f"The archive is damaged, or of no format that is read here: {error}.",
            hint="Make it anew, with tar --create --gzip for example, and send all of it.",
        ) from error
