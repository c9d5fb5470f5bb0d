"""Read line-aligned text, draw the sample and write it as Parquet."""

from typing import Any

from alignfreeze.bitext import read_parallel, sample_pairs, write_bitext
from alignfreeze.logs import configure_logging


def main(smk: Any) -> None:
    """Write bitext/{lang}.parquet."""
    configure_logging(smk.log[0])
    bitext = read_parallel(smk.input.source, smk.input.target)
    write_bitext(smk.output[0], sample_pairs(bitext, smk.params.sample, smk.params.seed))


if __name__ == "__main__":
    main(snakemake)
