"""Gradient conflict of one fine-tuned baseline, before and after its fine-tuning."""

from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write diagnostics/conflict/.../seed{seed}.csv, a row for each state, language and block."""
    configure_logging(smk.log[0])
    with claimed_device(smk.config["device"]) as device:
        import pandas as pd

        from alignfreeze.diagnostics.settings import ConflictSettings
        from alignfreeze.jobs.diagnose import conflict
        from alignfreeze.realignment.settings import RealignmentSettings
        from alignfreeze.support.atomic import atomic_file
        from alignfreeze.training.settings import FinetuningSettings

        rows = conflict(
            smk.input.encoder,
            smk.input.finetuned,
            task=smk.params.kind,
            examples=smk.input.examples,
            source=smk.params.source,
            encoding=smk.params.encoding,
            finetuning=FinetuningSettings(**smk.params.finetuning),
            rows=smk.input.rows,
            languages=smk.params.languages,
            realignment=RealignmentSettings(**smk.params.realignment),
            settings=ConflictSettings(**smk.params.settings),
            seed=int(smk.wildcards.seed),
            device=device,
        )
        run = {key: smk.wildcards[key] for key in ("model", "aligner", "task", "seed")}
        run["realignment_languages"] = smk.params.realignment_languages
        with atomic_file(smk.output[0]) as temporary:
            pd.DataFrame([run | row for row in rows]).to_csv(temporary, index=False, float_format="%.7g")


if __name__ == "__main__":
    main(snakemake)
