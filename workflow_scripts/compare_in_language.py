"""Table and figure of the share of the gap to fine-tuning in the language itself that each strategy closes."""

from typing import Any

from alignfreeze.analysis import figures
from alignfreeze.analysis.in_language import in_language_table
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/in_language.* and figures/{langs}/in_language.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    table = in_language_table(read_scores(smk.input.scores), smk.params.source)
    write_table("in_language", table, smk.output.in_language, smk.output.in_language_tex)
    figures.save_figure(figures.in_language(table), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
