"""Realign the encoder of a fine-tuned model."""

from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.locks import only_one
from alignfreeze.support.logs import configure_logging
from alignfreeze.support.trackers import trackers_of


def main(smk: Any) -> None:
    """Write finetuned/.../seed{seed}/ of a strategy that realigns after fine-tuning."""
    configure_logging(smk.log[0])
    run = smk.wildcards
    with only_one(f"{smk.params.state}.lock", smk.output[0]), claimed_device(smk.config["device"]) as device:
        from alignfreeze.diagnostics.choice import with_chosen
        from alignfreeze.jobs.realign_finetuned import realign_finetuned
        from alignfreeze.realignment.settings import RealignmentSettings

        [steps] = smk.params.steps
        realign_finetuned(
            smk.output[0],
            kind=smk.params.kind,
            encoding=smk.params.encoding,
            finetuned=smk.input.finetuned,
            rows=smk.input.rows,
            languages=smk.params.languages,
            steps=steps,
            settings=RealignmentSettings(**with_chosen(smk.params.settings, smk.input.blocks)),
            seed=int(run.seed),
            device=device,
            state=smk.params.state,
            resume_every=smk.params.resume_every,
            trackers=trackers_of(smk.config["trackers"], smk.output[0]),
            code=smk.params.code,
            description=f"realign {run.model} {run.task} {run.strategy} seed {run.seed}",
        )


if __name__ == "__main__":
    main(snakemake)
