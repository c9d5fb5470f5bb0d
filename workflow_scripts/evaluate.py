"""Evaluate a fine-tuned model on its task, all languages of a set in one process."""

from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write scores/.../{langs}.csv, one row per language and metric."""
    configure_logging(smk.log[0])
    with claimed_device(smk.config["device"]) as device:
        import pandas as pd

        from alignfreeze.jobs.evaluate import evaluate
        from alignfreeze.support.atomic import atomic_file

        run = {
            "experiment": smk.params.experiment,
            "model": smk.wildcards.model,
            "task": smk.wildcards.task,
            # The name of the realignment languages may differ from the path's; a run in the evaluated language itself
            # has parameters for all three.
            **{
                name: getattr(smk.params, name, None) or getattr(smk.wildcards, name)
                for name in ("strategy", "aligner", "realignment_languages")
            },
            "seed": int(smk.wildcards.seed),
        }
        rows = evaluate(
            smk.input.model,
            task=smk.params.kind,
            tests=dict(zip(smk.params.languages, smk.input.tests, strict=True)),
            source=smk.params.source,
            encoding=smk.params.encoding,
            device=device,
            max_test_items=smk.params.max_test_items,
        )
        with atomic_file(smk.output[0]) as temporary:
            pd.DataFrame([run | row for row in rows]).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
