"""Realign an encoder: one trajectory, a checkpoint at each step count that a task needs."""

from typing import Any

from alignfreeze.support.devices import claimed_device
from alignfreeze.support.locks import only_one
from alignfreeze.support.logs import configure_logging
from alignfreeze.support.trackers import trackers_of


def main(smk: Any) -> None:
    """Write realigned/.../seed{seed}/, with a checkpoint steps{n}/ for every n."""
    configure_logging(smk.log[0])
    run = smk.wildcards
    with only_one(f"{smk.params.state}.lock", smk.output[0]), claimed_device(smk.config["device"]) as device:
        from alignfreeze.diagnostics.choice import with_chosen
        from alignfreeze.jobs.realign import realign
        from alignfreeze.realignment.settings import RealignmentSettings

        realign(
            smk.output[0],
            model=smk.input.model,
            rows=smk.input.rows,
            languages=smk.params.languages,
            steps=smk.params.steps,
            settings=RealignmentSettings(**with_chosen(smk.params.settings, smk.input.blocks)),
            seed=int(smk.wildcards.seed),
            device=device,
            state=smk.params.state,
            resume_every=smk.params.resume_every,
            code=smk.params.code,
            description=f"realign {run.model} {run.strategy} seed {run.seed}",
            trackers=trackers_of(smk.config["trackers"], smk.output[0]),
        )


if __name__ == "__main__":
    main(snakemake)
