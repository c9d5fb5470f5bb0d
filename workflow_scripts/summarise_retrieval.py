"""Table and figure of word retrieval before and after realignment."""

from typing import Any

import matplotlib as mpl
import pandas as pd

from alignfreeze.atomic import atomic_file
from alignfreeze.logs import configure_logging
from alignfreeze.retrieval_report import draw, summarise


def main(smk: Any) -> None:
    """Write tables/{langs}/retrieval.csv and figures/{langs}/retrieval.*."""
    configure_logging(smk.log[0])
    mpl.use("agg")
    table = summarise(pd.concat([pd.read_csv(path) for path in smk.input.retrieval], ignore_index=True))
    with atomic_file(smk.output.table) as temporary:
        table.to_csv(temporary, index=False)
    figure = draw(table)
    for path in (smk.output.png, smk.output.pdf):
        with atomic_file(path) as temporary:
            # No time stamp: the same table gives the same bytes.
            figure.savefig(temporary, dpi=200, metadata={"CreationDate": None} if path.endswith("pdf") else None)


if __name__ == "__main__":
    main(snakemake)
