"""What every job of the analysis takes from the configuration: facts about languages, and how things are written."""

from __future__ import annotations

from typing import Any

from alignfreeze.analysis.names import use_labels
from alignfreeze.languages.registry import use_facts


def use_configuration(job: Any) -> None:
    """Take a job's own facts about languages (input `facts`) and labels (parameter `labels`) for the whole process.

    Parameters
    ----------
    job : snakemake.script.Snakemake
    """
    use_facts(job.input.get("facts") or None)
    use_labels(job.params.get("labels") or {})
