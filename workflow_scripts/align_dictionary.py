"""Align the bitext and the gold-linked sentences with a bilingual dictionary."""

from typing import Any

from alignfreeze.aligners.dictionary import align, read_dictionary
from alignfreeze.data.bitext import stream_bitext
from alignfreeze.data.gold import read_gold_bitext
from alignfreeze.data.pharaoh import write_alignments
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write Pharaoh lines."""
    configure_logging(smk.log[0])
    dictionary = read_dictionary(smk.input.dictionary, smk.params.matching, smk.params.order)
    links = (links for part in stream_bitext(smk.input.bitext) for links in align(part, dictionary))
    write_alignments(smk.output.alignments, links)
    if "gold" in smk.output.keys():  # noqa: SIM118 - snakemake's named list looks up values
        gold = read_gold_bitext(smk.input.gold_source, smk.input.gold_target)
        write_alignments(smk.output.gold, align(gold, dictionary))


if __name__ == "__main__":
    main(snakemake)
