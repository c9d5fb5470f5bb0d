"""Scores of the experiment beside those of another, such as the published ones."""

from typing import Any

from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/compare.* and tables/{langs}/compare_by_language.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    ours, other = read_scores(smk.input.ours), read_scores(smk.input.other)
    for name in ("compare", "compare_by_language"):
        table = compare_table(ours, other, smk.params.source, by_language=name == "compare_by_language")
        write_table(name, table, smk.output[name], smk.output[f"{name}_tex"])


if __name__ == "__main__":
    main(snakemake)
