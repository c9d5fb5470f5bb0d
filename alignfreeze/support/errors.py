"""The one error that says what is wrong in a user's input."""

SHOWN = 200  # characters
REMAKE = "delete {} and run the same command again, which makes it anew"


class InputError(ValueError):
    """Input is wrong; the message is one line naming file, key, line or language, and what to do."""


def quoted(content: object) -> str:
    """Quote what was found for a message: on one line, cut to 200 characters.

    Parameters
    ----------
    content : object
        Usually the text that was found.

    Returns
    -------
    str
        Its `repr`, the middle of a long one left out.
    """
    if isinstance(content, str) and len(content) > SHOWN:  # without making a copy of a line of many megabytes
        return f"{content[: SHOWN // 2]!r} ... ({len(content)} characters)"
    try:
        shown = repr(content)
    except ValueError:  # Python refuses to write integers of more than 4,300 digits
        return "a number of too many digits"
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]} ... ({len(shown)} characters)"


def damaged(path: object, reason: object, folder: object = None) -> InputError:
    """Return the error of a file of this project's own that cannot be read.

    Parameters
    ----------
    path : str or Path
        The file.
    reason : object
        What is wrong; of an exception, its message.
    folder : str or Path, optional
        Folder that is made as a whole, with the file.

    Returns
    -------
    InputError
        With what makes the file anew.
    """
    shown = " ".join(str(reason).split())[:SHOWN] or type(reason).__name__
    unwanted = "it" if folder is None else f"the folder {folder}"
    return InputError(f"{path}: damaged ({shown}); {REMAKE.format(unwanted)}")
