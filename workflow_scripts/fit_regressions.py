"""Regressions of the gain on distances."""

from typing import Any

from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.regression import regression_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write regression/{langs}/regression.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    table = regression_table(read_scores(smk.input.scores), smk.params.source)
    write_table("regression", table, smk.output.regression, smk.output.regression_tex)


if __name__ == "__main__":
    main(snakemake)
