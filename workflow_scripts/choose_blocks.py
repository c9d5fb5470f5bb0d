"""Blocks that a strategy freezes in one run, chosen by the gradient conflict of the same model, task and seed."""

import json
from typing import Any

from alignfreeze.analysis.rows import read_rows
from alignfreeze.diagnostics.choice import most_conflicting_half
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write diagnostics/frozen/.../seed{seed}.json."""
    configure_logging(smk.log[0])
    chosen = most_conflicting_half(read_rows(smk.input.conflict), smk.params.state)
    record = {"blocks": list(chosen), "task": smk.params.task, "state": smk.params.state}
    with atomic_file(smk.output[0]) as temporary:
        temporary.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
