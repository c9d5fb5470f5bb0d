"""Fetch one file from its address, which is its path below resources/files."""

from typing import Any

from alignfreeze.sources.download import fetch_file
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write resources/files/{scheme}/{address}.{ending}."""
    configure_logging(smk.log[0])
    url = f"{smk.wildcards.scheme}://{smk.wildcards.address}"
    key = smk.output[0].removeprefix("resources/")
    fetch_file(url, "unversioned", key, smk.output[0], ResourcesLock(smk.config["resources_lock"], "resources"))


if __name__ == "__main__":
    main(snakemake)
