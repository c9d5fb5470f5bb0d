"""Fetch a model's weights, configuration and tokenizer from the Hugging Face hub, at a pinned commit."""

import logging
from typing import Any

from alignfreeze.atomic import atomic_directory
from alignfreeze.logs import configure_logging

# Safetensors and JSON only: nothing that is fetched is ever executed or unpickled.
PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model"]


def main(smk: Any) -> None:
    """Write the model folder; the resolved commit goes to the log."""
    configure_logging(smk.log[0])
    from huggingface_hub import HfApi, snapshot_download

    name = smk.wildcards.name
    revision = smk.params.revision or HfApi().model_info(name).sha
    logging.getLogger(__name__).info("%s at commit %s", name, revision)
    with atomic_directory(smk.output[0]) as folder:
        snapshot_download(name, revision=revision, allow_patterns=PATTERNS, local_dir=folder)


if __name__ == "__main__":
    main(snakemake)
