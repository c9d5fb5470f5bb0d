"""Table of the languages: family, genus, script, distances to the source language."""

from typing import Any

from alignfreeze.analysis.job import use_configuration
from alignfreeze.analysis.latex import write_table
from alignfreeze.languages.uriel import language_table
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/languages.*."""
    configure_logging(smk.log[0])
    use_configuration(smk)
    languages = [code for code in smk.params.languages if code != smk.params.source]
    table = language_table(smk.params.source, languages)
    write_table("languages", table, smk.output.languages, smk.output.languages_tex)


if __name__ == "__main__":
    main(snakemake)
