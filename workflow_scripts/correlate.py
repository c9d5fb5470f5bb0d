"""Contrasts by language, and their correlations with distances and with the baseline."""

from typing import Any

from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.contrasts import contrasts_table
from alignfreeze.analysis.correlations import correlations_table
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_csv, write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/contrasts.csv and tables/{langs}/correlations.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    scores = read_experiment(read_scores(smk.input.scores), smk.params.source)
    write_csv(contrasts_table(scores, smk.params.source), smk.output.contrasts)
    table = correlations_table(scores, smk.params.source)
    write_table("correlations", table, smk.output.correlations, smk.output.correlations_tex)


if __name__ == "__main__":
    main(snakemake)
