"""Keep the sentence pairs of a bitext whose score is at or above a percentile."""

from typing import Any

from alignfreeze.data.bitext import stream_bitext, write_bitext
from alignfreeze.data.filtering import kept_pairs, read_pair_scores
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write bitext/{lang}.parquet."""
    configure_logging(smk.log[0])
    scores = read_pair_scores(smk.input.scores)
    write_bitext(smk.output[0], kept_pairs(stream_bitext(smk.input.bitext), scores, smk.params.percentile))


if __name__ == "__main__":
    main(snakemake)
