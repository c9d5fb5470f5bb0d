"""Collect the scores of all runs into the long table that feeds all analysis."""

from typing import Any

from alignfreeze.analysis.scores import concat_scores, read_scores, write_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/scores.csv."""
    configure_logging(smk.log[0])
    write_scores(concat_scores([read_scores(path) for path in smk.input.scores]), smk.output[0])


if __name__ == "__main__":
    main(snakemake)
