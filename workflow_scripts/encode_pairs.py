"""Encode the word pairs of every language for one model, as memory-mapped Arrow files."""

import logging
from typing import Any

from alignfreeze.data.bitext import read_bitext
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.encoders.loading import load_tokenizer
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.realignment.word_pairs import build_rows, write_rows
from alignfreeze.support.atomic import atomic_directory
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write encoded/{model}/{aligner}/{pairs}/{lang}.arrow."""
    configure_logging(smk.log[0])
    tokenizer = WordTokenizer(load_tokenizer(smk.input.model), smk.params.max_length)
    with atomic_directory(smk.output[0]) as folder:
        for language, bitext_path, alignment_path in zip(
            smk.params.languages, smk.input.bitext, smk.input.alignments, strict=True
        ):
            logging.getLogger(__name__).info("language %s", language)
            bitext = read_bitext(bitext_path)
            alignments = read_alignments(alignment_path, bitext.lengths)
            rows = build_rows(bitext, alignments, tokenizer, smk.params.max_rows.get(language))
            write_rows(folder / f"{language}.arrow", rows)


if __name__ == "__main__":
    main(snakemake)
