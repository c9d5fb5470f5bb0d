"""The one error that says what is wrong in a user's input."""


class InputError(ValueError):
    """Input is wrong; the message is one line naming file, key, line or language, and what to do."""
