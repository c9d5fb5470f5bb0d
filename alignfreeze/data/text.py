"""Lines and JSON of text files; what is wrong with a file is said in one line."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alignfreeze.support.errors import InputError

# Half of a pair of UTF-16: JSON can write it, UTF-8 cannot.
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def stream_lines(path: str | Path) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file without their ends, one at a time, so that a file of any size can be read.

    Only "\n" and "\r\n" end a line: `str.splitlines` also breaks at characters such as U+2028, which occur in text.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    str
        A line.

    Raises
    ------
    InputError
        The file is missing, cannot be read or is not UTF-8.
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
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error


def read_lines(path: str | Path) -> list[str]:
    """Read all lines of a file.

    Parameters
    ----------
    path : str or Path
        The file, UTF-8.

    Returns
    -------
    list of str
        Lines without their ends.

    Raises
    ------
    InputError
        See `stream_lines`.
    """
    return list(stream_lines(path))


def is_blank(line: str) -> bool:
    """Whether a line ends a sentence: nothing, spaces or tabs. Other white space, such as U+00A0, is content.

    Parameters
    ----------
    line : str
        Without its end.

    Returns
    -------
    bool
    """
    return not line.strip(" \t")


def read_json(path: str | Path, wanted: str) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path : str or Path
        The file, UTF-8.
    wanted : str
        What should stand there, for messages.

    Returns
    -------
    object
        What the file holds.

    Raises
    ------
    InputError
        See `stream_lines` and `parse_json`.
    """
    return parse_json("\n".join(read_lines(path)), str(path), wanted)


def parse_json(text: str, where: str, wanted: str) -> Any:
    """Parse JSON text.

    Parameters
    ----------
    text : str
        The text.
    where : str
        File, or file and line, for messages.
    wanted : str
        What should stand there, for messages.

    Returns
    -------
    object
        What the text holds; every string of it can be written as UTF-8.

    Raises
    ------
    InputError
        It is not JSON, is nested too deeply, or holds a number or a character that cannot be read.
    """
    try:
        content = json.loads(text)
        if SURROGATE_ESCAPE.search(text):
            json.dumps(content, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        line = f":{error.lineno}" if "\n" in text else ""
        raise InputError(f"{where}{line}: not JSON ({error.msg}); {wanted}") from None
    except UnicodeEncodeError:
        raise InputError(f"{where}: a lone surrogate (\\ud800 to \\udfff), which is no character; {wanted}") from None
    except RecursionError:
        raise InputError(f"{where}: nested too deeply; {wanted}") from None
    except ValueError:  # Python refuses integers of more than 4,300 digits
        raise InputError(f"{where}: a number has too many digits; {wanted}") from None
    return content
