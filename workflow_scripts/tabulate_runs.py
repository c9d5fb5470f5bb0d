"""Table of what the runs took: steps, sentence pairs, time, device."""

from typing import Any

import pandas as pd

from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.runs import runs_table
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/runs.*."""
    configure_logging(smk.log[0])
    names = ("model", "task", "strategy", "aligner", "realignment_languages", "device")
    facts = pd.read_csv(
        smk.input.facts,
        dtype=dict.fromkeys(names, str),
        keep_default_na=False,
        na_values={
            name: [""]
            for name in ("finetuning_steps", "realignment_steps", "distinct_pairs", "pairs_seen", "wall_time")
        },
    )
    write_table("runs", runs_table(facts), smk.output.runs, smk.output.runs_tex)


if __name__ == "__main__":
    main(snakemake)
