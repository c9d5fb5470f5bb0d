"""Snakemake's dry run with its jobs as JSON: python -m alignfreeze.experiment.dry_run ARGUMENTS OF SNAKEMAKE.

A process of its own, because Snakemake holds its settings and the working directory in the process; no module imports
it, because the library is installed without Snakemake, too.
"""

from __future__ import annotations

import json
import logging
import sys

from snakemake.cli import main as snakemake
from snakemake.logging import logger


class _Jobs(logging.Filter):
    """Collect the jobs of a dry run; a filter, because Snakemake puts handlers of its own in place of others'."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, str]] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Note a job, and let everything pass.

        Parameters
        ----------
        record : logging.LogRecord
            Of Snakemake's log.

        Returns
        -------
        bool
            True.
        """
        if getattr(record, "event", None) == "job_info":
            self.rows.append((record.__dict__["rule_name"], record.__dict__["reason"]))
        return True


def main() -> None:
    """Run Snakemake's dry run and print its jobs as the last line."""
    jobs = _Jobs()
    logger.addFilter(jobs)
    try:
        snakemake(["--dry-run", "--quiet", "rules", "reason", "host", *sys.argv[1:]])
    except SystemExit as end:
        if end.code:
            raise
    print(json.dumps(jobs.rows))  # noqa: T201


if __name__ == "__main__":
    main()
