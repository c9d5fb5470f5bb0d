"""Fetch one dictionary from MUSE's server, which has no versions: its checksum is its revision."""

from typing import Any

from alignfreeze.sources.download import dictionary_url, fetch_file
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write resources/muse/{file}.txt."""
    configure_logging(smk.log[0])
    url = dictionary_url(f"{smk.wildcards.file}.txt")
    key = smk.output[0].removeprefix("resources/")
    fetch_file(url, "unversioned", key, smk.output[0], ResourcesLock(smk.config["resources_lock"], "resources"))


if __name__ == "__main__":
    main(snakemake)
