"""Fetch the Parquet files of one split of a dataset from the Hugging Face hub."""

import os
from typing import Any

from alignfreeze.sources.download import fetch_dataset
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write resources/datasets/{dataset}/{subset}/{split}/."""
    configure_logging(smk.log[0])
    os.environ.pop("TRANSFORMERS_OFFLINE", None)  # of all jobs, those that fetch go online
    names = smk.wildcards
    fetch_dataset(
        names.dataset,
        names.subset,
        names.split,
        smk.params.revision,
        smk.output[0].removeprefix("resources/"),
        smk.output[0],
        ResourcesLock(smk.config["resources_lock"], "resources"),
    )


if __name__ == "__main__":
    main(snakemake)
