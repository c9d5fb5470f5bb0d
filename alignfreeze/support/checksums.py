"""The checksum that files are pinned and compared by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def file_checksum(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def code_checksums(modules: Iterable[str | Path]) -> dict[str, str]:
    """SHA-256 of the modules that decide a result, by folder and name."""
    return {"/".join(Path(module).parts[-2:]): file_checksum(module) for module in modules}
