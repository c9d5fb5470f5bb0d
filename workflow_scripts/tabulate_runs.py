"""Table of what the runs took: steps, sentence pairs, time, device."""

from typing import Any

from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.analysis.records import read_records, runs_table
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/runs.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    write_table("runs", runs_table(read_records(smk.input.records)), smk.output.runs, smk.output.runs_tex)


if __name__ == "__main__":
    main(snakemake)
