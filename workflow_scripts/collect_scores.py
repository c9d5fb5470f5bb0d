"""Collect the scores of all runs into the long table that feeds all analysis."""

from typing import Any

import pandas as pd

from alignfreeze.atomic import atomic_file
from alignfreeze.logs import configure_logging
from alignfreeze.scores import read_scores


def main(smk: Any) -> None:
    """Write tables/{langs}/scores.csv."""
    configure_logging(smk.log[0])
    scores = pd.concat([read_scores(path) for path in smk.input.scores], ignore_index=True)
    with atomic_file(smk.output[0]) as temporary:
        scores.to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
