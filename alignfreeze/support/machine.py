"""What this machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def memory_megabytes() -> int:
    """Main memory that this process may use, in MB (10^6 bytes): the machine's, or less in a container or batch job."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _limits():
        try:
            sizes.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such group here, or "max": no limit
            continue
    return min(sizes) // 1_000_000


def _limits() -> Iterator[Path]:
    """Files with the limits of this process's control group and of those above it, of both versions."""
    groups = OWN_GROUP.read_text(encoding="utf-8").splitlines() if OWN_GROUP.is_file() else []
    for line in ["0::/", "0:memory:/", *groups]:
        _, controllers, path = line.split(":", 2)
        if controllers == "" or "memory" in controllers.split(","):
            root, name = (GROUPS / "memory", "memory.limit_in_bytes") if controllers else (GROUPS, "memory.max")
            group = root / path.lstrip("/")
            yield from (folder / name for folder in (group, *group.parents) if folder.is_relative_to(root))
