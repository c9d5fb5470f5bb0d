"""Record of one run from the records of its two stages; it outlives the checkpoints."""

import json
from pathlib import Path
from typing import Any

from alignfreeze.analysis.records import TRAINED_ON, read_log, run_record
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging
from alignfreeze.support.records import read_run_record


def main(smk: Any) -> None:
    """Write records/{model}/.../seed{seed}.json."""
    configure_logging(smk.log[0])
    names = ("model", "task", "strategy", "aligner", "realignment_languages")
    # The name of the realignment languages may differ from the path's; a run in the evaluated language itself has
    # parameters for all three of the last, and names that language.
    identity = {name: smk.params.get(name) or smk.wildcards[name] for name in names}
    realigned = read_run_record(Path(str(smk.input.realigned), smk.params.checkpoint)) if smk.input.realigned else None
    finetuned = read_run_record(Path(smk.input.finetuned))
    record = run_record(identity | {"seed": int(smk.wildcards.seed)}, finetuned, realigned)
    if trained_on := smk.wildcards.get("lang"):
        record[TRAINED_ON] = trained_on
    record["curves"] = {"fine-tuning": read_log(Path(smk.input.finetuned) / "training_log.csv")}
    if smk.input.realigned:
        log = Path(str(smk.input.realigned), smk.params.checkpoint, "training_log.csv")
        record["curves"]["realignment"] = read_log(log)
    with atomic_file(smk.output[0]) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
