"""Table and figure of the differences between sets of realignment languages."""

from typing import Any

from alignfreeze.analysis import figures
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.names import Filtered
from alignfreeze.analysis.realignment_languages import realignment_languages_table
from alignfreeze.analysis.records import read_records
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/realignment_languages.* and figures/{langs}/realignment_languages.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    scores, records = read_scores(smk.input.scores), read_records(smk.input.records)
    filtered = {name: Filtered(*parts) for name, parts in smk.params.filtered.items()}
    table = realignment_languages_table(scores, records, smk.params.sets, smk.params.source, filtered)
    write_table("realignment_languages", table, smk.output.realignment_languages, smk.output.realignment_languages_tex)
    figures.save_figure(figures.realignment_languages(table), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
