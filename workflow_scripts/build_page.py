"""The results as one HTML page."""

from pathlib import Path
from typing import Any

from alignfreeze.analysis.job import use_configuration
from alignfreeze.page.build import write_page
from alignfreeze.page.data import read_page_data
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write page/index.html."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    records = [Path(path) for path in smk.input.records]
    data = read_page_data(Path(smk.input.scores).parent, smk.params.source, records, smk.params.realignment_sets)
    write_page(data, smk.output[0])


if __name__ == "__main__":
    main(snakemake)
