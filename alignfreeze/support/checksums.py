"""The checksum that files are pinned and compared by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

LOADED = (".json", ".safetensors", ".txt", ".model")  # configuration, weights, tokenizers with their vocabularies


def file_checksum(path: str | Path) -> str:
    """SHA-256 of a file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def weights_checksums(folder: str | Path) -> dict[str, str]:
    """SHA-256 of each file of a checkpoint's weights, which may be in several parts.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder.

    Returns
    -------
    dict from str to str
        File name -> SHA-256; empty where there are no safetensors.
    """
    return {path.name: file_checksum(path) for path in sorted(Path(folder).glob("model*.safetensors"))}


def code_checksums(modules: Iterable[str | Path]) -> dict[str, str]:
    """SHA-256 of the modules that decide a result, by folder and name.

    Parameters
    ----------
    modules : iterable of str or Path
        Python files.

    Returns
    -------
    dict from str to str
        `{folder}/{name}` -> SHA-256.
    """
    return {"/".join(Path(module).parts[-2:]): file_checksum(module) for module in modules}


def checkpoint_checksum(folder: str | Path) -> str:
    """SHA-256 of what is loaded from a folder with a Hugging Face checkpoint: its names and their content.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder; what else lies in it, such as a model card, does not count.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    files = [path for path in Path(folder).glob("[!.]*") if path.suffix in LOADED and path.name != "run.json"]
    lines = (f"{path.name} {file_checksum(path)}\n" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
