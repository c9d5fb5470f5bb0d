"""Collect the records of all runs into one table."""

from typing import Any

import pandas as pd

from alignfreeze.analysis.records import RECORD_COLUMNS, TRAINED_ON, read_record
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/run_records.csv."""
    configure_logging(smk.log[0])
    records = [read_record(path) for path in smk.input.records]
    table = pd.DataFrame(records)
    columns = list(RECORD_COLUMNS)
    if TRAINED_ON in table:
        table[TRAINED_ON] = table[TRAINED_ON].fillna(smk.params.source)
        columns.append(TRAINED_ON)
    with atomic_file(smk.output[0]) as temporary:
        table.reindex(columns=columns).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
