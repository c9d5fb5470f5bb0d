"""Try an encoder on a few sentences, before anything is trained with it."""

import json
from dataclasses import asdict
from typing import Any

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write checked/{model}.json, what was seen."""
    configure_logging(smk.log[0])
    from alignfreeze.encoders.trial import try_encoder

    trial = try_encoder(smk.input.model)
    with atomic_file(smk.output[0]) as temporary:
        temporary.write_text(json.dumps(asdict(trial), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
