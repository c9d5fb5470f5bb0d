"""run.json: what a number in a table goes back to."""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from alignfreeze.support.atomic import atomic_file

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "pyarrow", "sil-thot")


def git_commit(folder: str | Path) -> str | None:
    """Commit of the checkout at `folder`, marked `-dirty` where tracked files differ; None outside a checkout."""
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None


def package_version(name: str) -> str | None:
    """Version of an installed package; None where this environment does without it."""
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


def write_record(path: str | Path, *, settings: dict, seed: int, device: str, seconds: float, **facts: Any) -> None:
    """Write run.json.

    Parameters
    ----------
    settings : everything resolved that decided the result.
    device : name of the device.
    seconds : wall time of the job.
    facts : steps, tokens_per_second and the like.
    """
    record = {
        "settings": settings,
        "seed": seed,
        "device": device,
        "wall_seconds": round(seconds, 2),
        **facts,
        "peak_memory_mib": peak_memory_mib(),
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "git_commit": git_commit(Path(__file__).parent),
    }
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")
