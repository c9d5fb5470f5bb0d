"""Try an encoder on a few sentences, before anything is trained with it."""

import json
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from alignfreeze.encoders.settings import Freeze
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write checked/{model}.json, what was seen."""
    configure_logging(smk.log[0])
    from alignfreeze.encoders.trial import try_encoder

    form = TypeAdapter[Freeze](Freeze)
    strategies = {
        name: (form.validate_python(chosen["freeze"]), chosen["freeze_embeddings"])
        for name, chosen in smk.params.strategies.items()
    }
    trial = try_encoder(
        smk.input.model, layer=smk.params.layer, strategies=strategies, max_length=smk.params.max_length
    )
    with atomic_file(smk.output[0]) as temporary:
        temporary.write_text(json.dumps(asdict(trial), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
