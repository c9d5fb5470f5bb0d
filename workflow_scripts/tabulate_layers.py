"""Strategies by which blocks they freeze: tables, figures, and whether gradient conflict tells which to freeze."""

from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.layers import block_prediction, draw_layers, layers_table, outcomes
from alignfreeze.analysis.records import read_records
from alignfreeze.analysis.rows import read_rows
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/layers.csv, layers_prediction.csv and figures/{langs}/layers_*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    retrieval, conflict = (
        pd.concat(map(read_rows, paths)) if paths else None for paths in (smk.input.retrieval, smk.input.conflict)
    )
    found = outcomes(read_rows(smk.input.deltas), retrieval)
    table = layers_table(found, read_records(smk.input.records), smk.params.facts)
    tables = {"layers": table, "layers_prediction": block_prediction(found, table, conflict)}
    for name, rows in tables.items():
        with atomic_file(smk.output[name]) as temporary:
            rows.to_csv(temporary, index=False, float_format="%.7g")
    for path in map(Path, smk.output.figures):
        save_figure(draw_layers(found, table, **smk.params.figures[path.stem]), path, path.with_suffix(".pdf"))


if __name__ == "__main__":
    main(snakemake)
