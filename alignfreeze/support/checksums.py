"""The checksum that files are pinned and compared by."""

from __future__ import annotations

import functools
import hashlib
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


@functools.cache
def code_checksums(files: tuple[Path, ...]) -> dict[str, str]:
    """One checksum for each folder of code that decides a result, read once in a process.

    Parameters
    ----------
    files : tuple of Path
        Python files, and the tables and templates beside them.

    Returns
    -------
    dict from str to str
        Folder's name -> the first 12 hexadecimal digits of the SHA-256 of its files' names and contents.
    """
    folders = sorted({path.parent.name for path in files})
    lines = {
        folder: "".join(f"{path.name} {file_checksum(path)}\n" for path in sorted(files) if path.parent.name == folder)
        for folder in folders
    }
    return {folder: hashlib.sha256(text.encode()).hexdigest()[:12] for folder, text in lines.items()}


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
