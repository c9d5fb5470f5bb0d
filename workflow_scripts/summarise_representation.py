"""Tables and figures of encoders beside their realigned versions."""

from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.representation import block_table, draw_representation, layer_table
from alignfreeze.analysis.rows import read_rows
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/representation.csv, block_movements.csv and figures/{langs}/representation_*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    layers, blocks = (pd.concat(map(read_rows, paths)) for paths in (smk.input.layers, smk.input.blocks))
    tables = {"representation": layer_table(layers), "block_movements": block_table(blocks)}
    for name, table in tables.items():
        with atomic_file(smk.output[name]) as temporary:
            table.to_csv(temporary, index=False)
    for path in map(Path, smk.output.figures):
        figure = draw_representation(*tables.values(), **smk.params.figures[path.stem])
        save_figure(figure, path, path.with_suffix(".pdf"))


if __name__ == "__main__":
    main(snakemake)
