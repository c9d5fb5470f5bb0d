"""Convert the rows of one split of a hub dataset to a plain file."""

import os
from typing import Any

os.environ["USE_TORCH"] = "0"  # datasets would import PyTorch where there is one: two seconds, for nothing

from alignfreeze.sources.hub import shards_of, write_bio, write_lines, write_nli, write_squad
from alignfreeze.support.logs import configure_logging

WRITERS = {"bio": write_bio, "nli.tsv": write_nli, "squad.json": write_squad}


def main(smk: Any) -> None:
    """Write resources/datasets/{dataset}/{subset}/{split}.{ending}."""
    configure_logging(smk.log[0])
    shards, ending = shards_of(smk.input.rows), smk.wildcards.ending
    if ending in WRITERS:
        WRITERS[ending](shards, smk.output[0])
    else:
        write_lines(shards, smk.output[0], ending.removesuffix(".txt"))


if __name__ == "__main__":
    main(snakemake)
