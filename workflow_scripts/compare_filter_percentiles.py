"""Table and figure of the effect of a quality filter of the bitext, by percentile."""

from typing import Any

from alignfreeze.analysis import figures
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.names import Filtered
from alignfreeze.analysis.realignment_languages import filter_percentiles_table
from alignfreeze.analysis.records import read_records
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/filter_percentiles.* and figures/{langs}/filter_percentiles.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    scores, records = read_scores(smk.input.scores), read_records(smk.input.records)
    filtered = {name: Filtered(*parts) for name, parts in smk.params.filtered.items()}
    table = filter_percentiles_table(scores, records, filtered, smk.params.source)
    write_table("filter_percentiles", table, smk.output.filter_percentiles, smk.output.filter_percentiles_tex)
    figures.save_figure(figures.filter_percentiles(table), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
