"""Correlations of the gain with distances and with the baseline."""

from typing import Any

from alignfreeze.analysis.correlations import correlations_table
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/correlations.*."""
    configure_logging(smk.log[0])
    table = correlations_table(read_scores(smk.input.scores), smk.params.source)
    write_table("correlations", table, smk.output.correlations, smk.output.correlations_tex)


if __name__ == "__main__":
    main(snakemake)
