"""Lines of text files; what is wrong with a file is said in one line."""

from __future__ import annotations

from pathlib import Path

from alignfreeze.errors import InputError


def read_lines(path: str | Path) -> list[str]:
    r"""Lines of a UTF-8 file, without their ends.

    Only "\n" and "\r\n" end a line: `str.splitlines` also breaks at characters such as U+2028, which occur in text.

    Raises
    ------
    InputError : the file is missing or is not UTF-8.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8; convert the file") from None
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
