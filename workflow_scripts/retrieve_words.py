"""Word retrieval of one encoder on the gold-linked sentences."""

from pathlib import Path
from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write retrieval/.../{langs}.csv, one row per language and layer."""
    configure_logging(smk.log[0])
    with claimed_device(smk.config["device"]) as device:
        import pandas as pd

        from alignfreeze.data.gold import read_gold
        from alignfreeze.jobs.retrieve import retrieve
        from alignfreeze.support.atomic import atomic_file

        files = zip(smk.params.languages, smk.input.targets, smk.input.links, strict=True)
        gold = {language: read_gold(smk.input.source, target, links) for language, target, links in files}
        encoder = Path(smk.input.start, smk.params.checkpoint)
        rows = retrieve(encoder, gold, max_length=smk.params.max_length, word=smk.params.word, device=device)
        realignment = {key: smk.wildcards[key] for key in ("model", "strategy", "aligner", "seed", "steps")}
        realignment["realignment_languages"] = smk.params.realignment_languages
        with atomic_file(smk.output[0]) as temporary:
            pd.DataFrame([realignment | row for row in rows]).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
