"""The one error that says what is wrong in a user's input."""

SHOWN = 200  # characters


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
    shown = repr(content)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]} ... ({len(shown)} characters)"
