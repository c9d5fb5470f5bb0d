"""Convert the published result files to the long table of scores and to run records."""

import logging
from pathlib import Path
from typing import Any

from alignfreeze.analysis.published import published_records, published_scores
from alignfreeze.analysis.scores import select_languages, write_scores
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.logs import configure_logging

logger = logging.getLogger(__name__)


def main(smk: Any) -> None:
    """Write tables/{langs}/scores.csv and tables/{langs}/run_records.csv."""
    configure_logging(smk.log[0])
    for path in map(Path, smk.input.results):
        if file_checksum(path) != smk.params.checksums[path.name]:
            logger.warning("%s is not the file that the configuration pins (SHA-256); going on with it", path)
    scores = published_scores(smk.input.results, smk.params.experiment, smk.params.source)
    write_scores(select_languages(scores, smk.params.languages), smk.output.scores)
    with atomic_file(smk.output.records) as temporary:
        published_records(smk.input.results, smk.params.source).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
