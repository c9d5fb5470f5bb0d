"""Lines of text files; what is wrong with a file is said in one line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from alignfreeze.support.errors import InputError


def stream_lines(path: str | Path) -> Iterator[str]:
    r"""Lines of a UTF-8 file without their ends, one at a time, so that a file of any size can be read.

    Only "\n" and "\r\n" end a line: `str.splitlines` also breaks at characters such as U+2028, which occur in text.

    Raises
    ------
    InputError : the file is missing or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as handle:
            for number, line in enumerate(handle, 1):
                content = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if not content:
                    return  # nothing but a byte-order mark
                try:
                    text = content.decode("utf-8")
                except UnicodeDecodeError:
                    raise InputError(f"{path}:{number}: not UTF-8; convert the file") from None
                yield text.removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None


def read_lines(path: str | Path) -> list[str]:
    """All lines of a file; see `stream_lines`."""
    return list(stream_lines(path))
