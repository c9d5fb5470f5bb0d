"""Fetch the published result files, pinned by commit and checksum."""

from pathlib import Path
from typing import Any

from alignfreeze.sources.download import fetch_published
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write resources/published/{commit}/*.csv."""
    configure_logging(smk.log[0])
    fetch_published(**smk.params.published, destination=Path(smk.output[0]).parent)


if __name__ == "__main__":
    main(snakemake)
