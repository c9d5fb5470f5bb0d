"""Fit FastAlign on the bitext, then align the bitext and the gold-linked sentences with it."""

from typing import Any

from alignfreeze.aligners.fastalign import align, fit
from alignfreeze.bitext import read_bitext
from alignfreeze.gold import read_gold_bitext
from alignfreeze.logs import configure_logging
from alignfreeze.pharaoh import write_alignments


def main(smk: Any) -> None:
    """Write Pharaoh lines."""
    configure_logging(smk.log[0])
    bitext = read_bitext(smk.input.bitext)
    aligner = fit(bitext, smk.params.iterations)
    write_alignments(smk.output.alignments, align(bitext, aligner))
    if "gold" in smk.output.keys():  # noqa: SIM118 - snakemake's named list looks up values
        gold = read_gold_bitext(smk.input.gold_source, smk.input.gold_target)
        write_alignments(smk.output.gold, align(gold, aligner))


if __name__ == "__main__":
    main(snakemake)
