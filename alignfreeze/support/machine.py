"""What this machine has."""

from __future__ import annotations

import os
from pathlib import Path

# Where control groups (of a container, of a batch job) state their limit, second and first version.
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_megabytes() -> int:
    """Main memory of this machine, or of the container in which this process runs, in MB (10^6 bytes)."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in LIMITS:
        try:
            sizes.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):  # another version, or "max": no limit
            continue
    return min(sizes) // 1_000_000
