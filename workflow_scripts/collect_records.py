"""Collect the records of all runs into one table."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.analysis.records import RECORD_COLUMNS
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/run_records.csv."""
    configure_logging(smk.log[0])
    records = [json.loads(Path(path).read_text(encoding="utf-8")) for path in smk.input.records]
    with atomic_file(smk.output[0]) as temporary:
        pd.DataFrame(records, columns=list(RECORD_COLUMNS)).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
