"""Logs that one can read: a file for every job, warnings and one-line errors on the terminal."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

from alignfreeze.support.errors import InputError
from alignfreeze.support.progress import share_terminal
from alignfreeze.support.space import space_for

FORMAT = "%(asctime)s %(levelname)s %(message)s"


def configure_logging(path: str | Path | None = None) -> None:
    """Log INFO to the file, WARNING to stderr; uncaught exceptions to both, an InputError as one line.

    Parameters
    ----------
    path : str or Path, optional
        Log file of a job, written anew; the job shares the terminal with others. None logs to stderr only.
    """
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [terminal]
    sys.excepthook = _log_exception
    if path is not None:
        share_terminal()
        with space_for(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(path, mode="w", encoding="utf-8"))
    logging.basicConfig(level=logging.INFO, format=FORMAT, datefmt="%H:%M:%S", handlers=handlers, force=True)
    logging.captureWarnings(True)
    for noisy in ("matplotlib", "fontTools", "httpx", "filelock"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, InputError):
        logging.getLogger("alignfreeze").error("%s", error)
    else:
        logging.getLogger("alignfreeze").error("failed", exc_info=(kind, error, trace))
