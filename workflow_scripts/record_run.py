"""Record of one run from the records of its two stages; it outlives the checkpoints."""

import json
from pathlib import Path
from typing import Any

from alignfreeze.analysis.records import read_log, run_record
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging
from alignfreeze.support.records import read_run_record


def main(smk: Any) -> None:
    """Write records/{model}/.../seed{seed}.json."""
    configure_logging(smk.log[0])
    identity = {name: smk.wildcards[name] for name in ("model", "task", "strategy", "aligner")}
    identity |= {"realignment_languages": smk.params.realignment_languages, "seed": int(smk.wildcards.seed)}
    before = read_run_record(Path(str(smk.input.realigned), smk.params.checkpoint)) if smk.input.realigned else None
    record = run_record(identity, read_run_record(Path(smk.input.finetuned)), before)
    record["curves"] = {"fine-tuning": read_log(Path(smk.input.finetuned) / "training_log.csv")}
    if smk.input.realigned:
        log = Path(str(smk.input.realigned), smk.params.checkpoint, "training_log.csv")
        record["curves"]["realignment"] = read_log(log)
    with atomic_file(smk.output[0]) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
