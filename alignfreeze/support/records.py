"""Run records: run.json in a checkpoint's folder states what the checkpoint was made from, and its checksums."""

from __future__ import annotations

import json
import logging
import os
import platform
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import damaged

logger = logging.getLogger(__name__)
PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "pyarrow", "sil-thot")
NAME = "run.json"


def git_commit(folder: str | Path) -> str | None:
    """Find the commit of the checkout at `folder`.

    Parameters
    ----------
    folder : str or Path
        A folder.

    Returns
    -------
    str or None
        The commit, marked `-dirty` where tracked files differ; None outside a checkout and where git does not tell,
        which the log explains.
    """
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=os.environ | {"LC_ALL": "C"}
        )
    except OSError as error:
        logger.info("run.json: git_commit is null: git cannot be run (%s)", error.strerror)
        return None
    if found.returncode == 0:
        return found.stdout.strip()
    outside = "not a git repository" in found.stderr  # an installed library
    reason = (found.stderr.strip().splitlines() or ["git says nothing"])[0]
    logger.log(logging.INFO if outside else logging.WARNING, "run.json: git_commit is null: %s", reason)
    return None


def package_version(name: str) -> str | None:
    """Version of an installed package; None where this environment does without it.

    Parameters
    ----------
    name : str
        As pip knows it.

    Returns
    -------
    str or None
    """
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def peak_memory_mib() -> dict[str, float]:
    """Peak memory of this process (MiB): resident, and on the GPU where PyTorch has used one."""
    peak = {"resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        peak["gpu"] = torch.cuda.max_memory_allocated() / 2**20
    return peak


def write_run_record(
    folder: str | Path,
    *,
    output: str | Path,
    settings: dict[str, Any],
    seed: int,
    device: str,
    seconds: float,
    **measured: Any,
) -> None:
    """Write run.json beside the files of a checkpoint, which must be complete.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder.
    output : str or Path
        What must be deleted so that the workflow makes the checkpoint anew; `folder` or one above its final place.
    settings : dict
        Everything resolved that decided the result.
    seed : int
    device : str
        Name of the device.
    seconds : float
        Wall time of the job.
    **measured : object
        Steps, tokens_per_second and the like.
    """
    folder = Path(folder)
    # A process that was killed here may have left a hidden file, which goes when run.json is written.
    files = sorted(path for path in folder.rglob("[!.]*") if path.is_file() and path.name != NAME)
    record = {
        "settings": settings,
        "seed": seed,
        "device": device,
        "wall_seconds": round(seconds, 2),
        **measured,
        "output": str(output),
        "files": {path.relative_to(folder).as_posix(): file_checksum(path) for path in files},
        "peak_memory_mib": peak_memory_mib(),
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "git_commit": git_commit(Path(__file__).parent),
    }
    with atomic_file(folder / NAME) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")


def read_run_record(folder: str | Path) -> dict[str, Any]:
    """Read the run.json of a checkpoint's folder.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder.

    Returns
    -------
    dict from str to object
        What `write_run_record` wrote; `files` is among its keys.

    Raises
    ------
    InputError
        There is none, or it is damaged.
    """
    path = Path(folder) / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error, _made_as_a_whole(path.parent)) from error
    if not isinstance(record, dict) or not isinstance(record.get("files"), dict):
        raise damaged(path, "no checksums in it", _made_as_a_whole(path.parent))
    return record


def verify_checkpoint(folder: str | Path, *patterns: str) -> None:
    """Compare the files of a checkpoint with the checksums of its run.json; without a run.json it is not ours.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder.
    patterns : str
        Globs of the names that are about to be read.

    Raises
    ------
    InputError
        A file is missing or its content has changed.
    """
    folder = Path(folder)
    if not (folder / NAME).exists():
        return
    record = read_run_record(folder)
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name, checksum in record["files"].items():
        path = folder / name
        if not any(Path(name).match(pattern) for pattern in patterns):
            continue
        output = record.get("output", folder)
        if name not in present:
            raise damaged(folder / name[:255], "missing", output)  # as long as a name can be
        if file_checksum(path) != checksum:
            raise damaged(path, f"its SHA-256 is not the one that {NAME} states", output)


def _made_as_a_whole(folder: Path) -> Path:
    """Output that a checkpoint's folder belongs to: checkpoints of a trajectory are made together."""
    return folder.parent if folder.name.startswith("steps") else folder
