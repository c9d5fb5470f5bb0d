"""Table and figure of word retrieval before and after realignment."""

from typing import Any

import pandas as pd

from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.retrieval import draw, summarise
from alignfreeze.data.table import read_own_table
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/retrieval.csv and figures/{langs}/retrieval.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    # A language may be called nan.
    settings: dict[str, Any] = {"keep_default_na": False, "na_values": {"accuracy": [""]}}
    rows = [read_own_table(path, ["accuracy", "n_target_words"], **settings) for path in smk.input.retrieval]
    table = summarise(pd.concat(rows, ignore_index=True))
    with atomic_file(smk.output.table) as temporary:
        table.to_csv(temporary, index=False)
    save_figure(draw(table), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
