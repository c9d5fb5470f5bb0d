"""Headline findings as sentences, computed from the tables."""

from typing import Any

from alignfreeze.analysis.findings import findings
from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import read_table
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/findings.csv."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    tables = {name: read_table(path) for name, path in smk.input.items() if name != "facts"}
    with atomic_file(smk.output[0]) as temporary:
        findings(**tables).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
