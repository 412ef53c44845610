"""The file for all rows of the findings."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fastprep import option_checks
from fastprep.exceptions import PublishError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


@contextlib.contextmanager
def all_rows(path: str | os.PathLike[str] | None, verb: str = "inspect") -> Iterator[IO[bytes] | None]:
    """A file that replaces the one at this path when it is complete; None without a path.

    Raises:
        PublishError: `cannot_write`: the file cannot be made or replaced.
    """
    if path is None:
        yield None
        return
    target = Path(option_checks.path(verb, "rows", path))
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    except OSError as e:
        if isinstance(e, PublishError):
            raise
        message = f"{verb}: the file for the rows cannot be written: {e.strerror}"
        raise PublishError.new(message, code="cannot_write", path=target) from e
    finally:
        part.unlink(missing_ok=True)
