"""Score the sentence pairs of a bitext by COMETKiwi, which is called by its command line."""

import os
from typing import Any

from alignfreeze.data.bitext import stream_bitext
from alignfreeze.data.filtering import cometkiwi_scores, write_pair_scores
from alignfreeze.support.devices import claimed_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write pair_scores/cometkiwi/{lang}.csv."""
    configure_logging(smk.log[0])
    os.environ.pop("TRANSFORMERS_OFFLINE", None)  # the command fetches its model, unless that is in its cache
    with claimed_device(smk.config["device"]) as device:
        scores = cometkiwi_scores(
            stream_bitext(smk.input.bitext),
            (smk.params.source_language, smk.wildcards.lang),
            smk.params.command,
            smk.params.model,
            gpus=0 if device is None else 1,
        )
    write_pair_scores(smk.output[0], scores, stream_bitext(smk.input.bitext))


if __name__ == "__main__":
    main(snakemake)
