"""R² of predictive models by what is held out: table and figure."""

from typing import Any

from alignfreeze.analysis.figures import generalisation, save_figure
from alignfreeze.analysis.generalisation import generalisation_table
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/generalisation.* and figures/{langs}/generalisation.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    table = generalisation_table(read_scores(smk.input.scores), smk.params.source, workers=smk.threads)
    write_table("generalisation", table, smk.output.generalisation, smk.output.generalisation_tex)
    save_figure(generalisation(table), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
