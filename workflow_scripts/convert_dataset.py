"""Convert the rows of one split of a hub dataset to a plain file."""

import os
from typing import Any

os.environ["USE_TORCH"] = "0"  # datasets would import PyTorch where there is one: two seconds, for nothing

from alignfreeze.sources.hub import convert
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write resources/datasets/{dataset}/{subset}/{split}.{ending}."""
    configure_logging(smk.log[0])
    convert(smk.input.rows, smk.output[0], smk.wildcards.ending, smk.params.columns, smk.params.labels)


if __name__ == "__main__":
    main(snakemake)
