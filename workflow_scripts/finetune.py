"""Fine-tune an encoder on a task's training data."""

from pathlib import Path
from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.locks import only_one
from alignfreeze.support.logs import configure_logging
from alignfreeze.support.trackers import trackers_of


def main(smk: Any) -> None:
    """Write finetuned/.../seed{seed}/."""
    configure_logging(smk.log[0])
    run = smk.wildcards
    strategy = getattr(run, "strategy", None) or run.lang
    with only_one(f"{smk.params.state}.lock", smk.output[0]), claimed_device(smk.config["device"]) as device:
        from alignfreeze.diagnostics.choice import with_chosen
        from alignfreeze.jobs.finetune import finetune_on_task
        from alignfreeze.training.settings import FinetuningSettings

        meanwhile = smk.params.interleaving and smk.params.interleaving | {"folder": smk.input.rows}
        if meanwhile:
            meanwhile["settings"] = with_chosen(meanwhile["settings"], smk.input.blocks)
        finetune_on_task(
            smk.output[0],
            task=smk.wildcards.task,
            kind=smk.params.kind,
            encoder=Path(smk.input.start, smk.params.checkpoint),
            train=smk.input.train,
            language=smk.params.source,
            settings=FinetuningSettings(**smk.params.settings),
            encoding=smk.params.encoding,
            seed=int(smk.wildcards.seed),
            device=device,
            state=smk.params.state,
            resume_every=smk.params.resume_every,
            max_train_items=smk.params.max_train_items,
            train_items=smk.params.train_items,
            realignment=meanwhile,
            code=smk.params.code,
            description=f"fine-tune {run.model} {run.task} {strategy} seed {run.seed}",
            trackers=trackers_of(smk.config["trackers"], smk.output[0]),
        )


if __name__ == "__main__":
    main(snakemake)
