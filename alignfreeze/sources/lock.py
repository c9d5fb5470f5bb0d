"""The lock file of what is fetched.

An artefact is what one job fetches: a file of a treebank, a dictionary, the Parquet files of one split of a dataset, a
model. Its key in the lock file is its path below the resources folder. The lock file holds, for each, where it came
from, the resolved revision and the SHA-256 of every file; what is fetched later must have the same ones.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from filelock import FileLock

from alignfreeze.data.text import read_json
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import InputError, quoted

logger = logging.getLogger(__name__)
LONGEST_COMPONENT = 255  # bytes, of a file name
LONGEST_PATH = 1024  # bytes
SHA256 = re.compile(r"[0-9a-f]{64}")


def _write(path: Path, content: dict) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


class LockEntry(TypedDict):
    """What is locked about one artefact."""

    source: str
    revision: str
    files: dict[str, str]


def _is_entry(key: str, entry: Any) -> bool:
    """Whether an entry has the form of a `LockEntry` and its paths stay below the resources folder."""
    if not isinstance(entry, dict) or not isinstance(entry.get("files"), dict) or not entry["files"]:
        return False
    if len(key.encode()) > LONGEST_PATH:
        return False
    return (
        all(isinstance(entry.get(name), str) and entry[name] for name in ("source", "revision"))
        and all(map(_is_component, [*key.split("/"), *entry["files"]]))
        and all(isinstance(checksum, str) and SHA256.fullmatch(checksum) for checksum in entry["files"].values())
    )


def _is_component(name: str) -> bool:
    return name not in ("", ".", "..") and not {"/", "\0"} & set(name) and len(name.encode()) <= LONGEST_COMPONENT


def _read_memory(path: Path) -> dict[str, list[Any]]:
    """Size, time and SHA-256 of the files that were compared before; a damaged memory is forgotten."""
    if not path.is_file():
        return {}
    try:
        memory = read_json(path, "")
    except InputError:
        return {}
    return {
        name: stamp
        for name, stamp in (memory if isinstance(memory, dict) else {}).items()
        if isinstance(stamp, list) and len(stamp) == 3
    }


class ResourcesLock:
    """The lock file, shared by all jobs that fetch at the same time.

    Parameters
    ----------
    path : str or Path
        The lock file (JSON); it need not exist.
    resources : str or Path
        Folder of the artefacts.
    """

    def __init__(self, path: str | Path, resources: str | Path) -> None:
        self.path = Path(path)
        self.resources = Path(resources)

    def _read(self) -> dict[str, LockEntry]:
        if not self.path.exists():
            return {}
        advice = "take it from git, or delete it"
        entries = read_json(self.path, f"not a lock file; {advice}")
        if not isinstance(entries, dict):
            raise InputError(f"{self.path}: not a lock file (no object); {advice}")
        for key, entry in entries.items():
            if not _is_entry(key, entry):
                raise InputError(f"{self.path}: not a lock file (entry {quoted(key)} is damaged, or edited); {advice}")
        return entries

    def entry(self, key: str) -> LockEntry | None:
        """Return what is locked about an artefact; None if it was never fetched.

        Parameters
        ----------
        key : str
            Path of the artefact below the resources folder.

        Returns
        -------
        LockEntry or None
            Source, revision and checksums.

        Raises
        ------
        InputError
            The lock file cannot be read.
        """
        return self._read().get(key)

    def verify_or_add(self, key: str, files: Mapping[str, str], source: str, revision: str) -> None:
        """Compare a fetched artefact with the lock, or add it.

        Parameters
        ----------
        key : str
            Path of the artefact below the resources folder.
        files : mapping from str to str
            SHA-256 by file name.
        source : str
            Where it came from.
        revision : str
            Resolved revision.

        Raises
        ------
        InputError
            The artefact is not the locked one, or the lock file cannot be read.
        """
        self.resources.mkdir(parents=True, exist_ok=True)
        with FileLock(self.resources / ".lock_file_guard"):
            entries = self._read()
            if key in entries:
                self._compare(key, entries[key]["files"], files, "nothing was kept: run again, or delete")
                logger.info("%s: as locked, revision %s", key, revision)
                return
            entries[key] = LockEntry(source=source, revision=revision, files=dict(sorted(files.items())))
            _write(self.path, dict(sorted(entries.items())))
            logger.info("%s: locked at revision %s", key, revision)

    def _compare(self, key: str, locked: Mapping[str, str], found: Mapping[str, str], advice: str) -> None:
        for name in sorted(locked.keys() | found.keys()):
            if locked.get(name) != found.get(name):
                raise InputError(
                    f"{self.resources / key}: {name} has SHA-256 {found.get(name, 'none (no such file)')}, but "
                    f"{self.path} says {locked.get(name, 'nothing of this file')}; {advice} the entry {key} of the "
                    "lock file to accept what there is now"
                )

    def verify(self) -> None:
        """Compare all artefacts that are there with the lock; a file is read once, then only if size or time changed.

        Raises
        ------
        InputError
            An artefact is not the locked one, or the lock file cannot be read.
        """
        memory_path = self.resources / "verified.json"
        memory = _read_memory(memory_path)
        known = dict(memory)
        for key, entry in self._read().items():
            artefact = self.resources / key
            if not artefact.exists():
                continue
            found = {}
            for name in entry["files"]:
                file = artefact / name if artefact.is_dir() else artefact
                if not file.exists():
                    continue
                state = file.stat()
                stamp = [state.st_size, state.st_mtime_ns]
                remembered = known.get(str(file.relative_to(self.resources)), [])
                found[name] = remembered[2] if remembered[:2] == stamp else file_checksum(file)
                known[str(file.relative_to(self.resources))] = [*stamp, found[name]]
            self._compare(key, entry["files"], found, f"delete {artefact} to fetch it again, or")
        if known != memory:
            _write(memory_path, known)
