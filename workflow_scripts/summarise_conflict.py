"""Tables and figures of gradient conflict."""

from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.analysis.conflict import by_block, by_language, draw_conflict, prediction
from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.rows import read_rows
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/gradient_conflict*.csv and figures/{langs}/gradient_conflict_{model}_{task}.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    rows = pd.concat(map(read_rows, smk.input.conflict))
    deltas = read_rows(smk.input.deltas)
    languages, blocks = by_language(rows), by_block(rows)
    tables = {"by_language": languages, "by_block": blocks, "prediction": prediction(rows, deltas)}
    for name, table in tables.items():
        with atomic_file(smk.output[name]) as temporary:
            table.to_csv(temporary, index=False)
    for path in map(Path, smk.output.figures):
        model, task = smk.params.figures[path.stem]
        save_figure(draw_conflict(rows, languages, blocks, model, task), path, path.with_suffix(".pdf"))


if __name__ == "__main__":
    main(snakemake)
