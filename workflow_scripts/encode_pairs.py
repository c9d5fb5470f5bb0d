"""Encode the word pairs, or the sentence pairs, of every language for one model, as memory-mapped Arrow files."""

import logging
from typing import Any

from alignfreeze.data.bitext import read_bitext
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.encoders.loading import load_tokenizer
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.realignment.word_pairs import build_rows, build_sentence_rows, write_rows
from alignfreeze.support.atomic import atomic_directory
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write encoded/{model}/{aligner}/{pairs}/{lang}.arrow."""
    configure_logging(smk.log[0])
    tokenizer = WordTokenizer(load_tokenizer(smk.input.model), smk.params.max_length)
    with atomic_directory(smk.output[0]) as folder:
        for number, (language, bitext_path) in enumerate(zip(smk.params.languages, smk.input.bitext, strict=True)):
            logging.getLogger(__name__).info("language %s", language)
            bitext, max_rows = read_bitext(bitext_path), smk.params.max_rows.get(language)
            if smk.params.objective == "sentences":
                rows = build_sentence_rows(bitext, tokenizer, max_rows)
            else:
                alignments = read_alignments(smk.input.alignments[number], bitext.lengths)
                rows = build_rows(bitext, alignments, tokenizer, smk.params.word, max_rows)
            write_rows(folder / f"{language}.arrow", rows)


if __name__ == "__main__":
    main(snakemake)
