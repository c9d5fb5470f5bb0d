"""Fetch one file of a treebank from its official repository, at a release tag."""

from typing import Any

from alignfreeze.sources.download import fetch_file, treebank_url
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write resources/universal_dependencies/{release}/{treebank}/{file}.conllu."""
    configure_logging(smk.log[0])
    names = smk.wildcards
    url = treebank_url(names.release, names.treebank, f"{names.file}.conllu")
    key = smk.output[0].removeprefix("resources/")
    fetch_file(url, names.release, key, smk.output[0], ResourcesLock(smk.config["resources_lock"], "resources"))


if __name__ == "__main__":
    main(snakemake)
