"""Tables of cells (main, front against full, counts, ...) and of languages, from the long table of scores."""

from typing import Any

from alignfreeze.analysis import tables
from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_csv, write_per_language, write_table
from alignfreeze.analysis.scores import read_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/main.* and the like, deltas.csv, and tables/{langs}/per_language_{model}_{task}.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    scores = read_experiment(read_scores(smk.input.scores), smk.params.source)
    for name in smk.params.tables:
        table = getattr(tables, f"{name}_table")(scores, smk.params.source)
        write_table(name, table, smk.output[name], smk.output[f"{name}_tex"])
    write_csv(tables.deltas_table(scores, smk.params.source), smk.output.deltas)
    for model, task in smk.params.by_language:
        name = f"per_language_{model}_{task}"
        table = tables.per_language_table(scores, model, task, smk.params.source)
        write_per_language(table, model, task, smk.output[name], smk.output[f"{name}_tex"])


if __name__ == "__main__":
    main(snakemake)
