"""An encoder beside its realigned version: every layer on gold-linked sentences, and every block's weights."""

from pathlib import Path
from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write diagnostics/layers/.../{langs}.csv and diagnostics/blocks/.../{langs}.csv."""
    configure_logging(smk.log[0])
    with claimed_device(smk.config["device"]) as device:
        import pandas as pd

        from alignfreeze.data.gold import read_gold
        from alignfreeze.jobs.diagnose import compare_encoders
        from alignfreeze.support.atomic import atomic_file

        files = zip(smk.params.languages, smk.input.targets, smk.input.links, strict=True)
        layers, blocks = compare_encoders(
            smk.input.before,
            Path(smk.input.after, f"steps{smk.wildcards.steps}"),
            {language: read_gold(smk.input.source, target, links) for language, target, links in files},
            sentences=smk.params.sentences,
            max_length=smk.params.max_length,
            word=smk.params.word,
            device=device,
        )
        run = {key: smk.wildcards[key] for key in ("model", "strategy", "aligner", "seed", "steps")}
        run["realignment_languages"] = smk.params.realignment_languages
        for rows, path in ((layers, smk.output.layers), (blocks, smk.output.blocks)):
            with atomic_file(path) as temporary:
                table = pd.DataFrame([run | row._asdict() for row in rows])
                table.to_csv(temporary, index=False, float_format="%.7g")


if __name__ == "__main__":
    main(snakemake)
