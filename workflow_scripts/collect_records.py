"""Collect the records of all runs into one table."""

from typing import Any

import pandas as pd

from alignfreeze.analysis.records import RECORD_COLUMNS
from alignfreeze.data.text import read_json
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/run_records.csv."""
    configure_logging(smk.log[0])
    advice = "delete it and run the same command again, which makes it anew"
    records = [read_json(path, advice) for path in smk.input.records]
    with atomic_file(smk.output[0]) as temporary:
        pd.DataFrame(records, columns=list(RECORD_COLUMNS)).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
