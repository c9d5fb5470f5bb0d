"""Read parallel text, draw the sample, or the pairs that FastAlign is fitted on, and write it as Parquet."""

from typing import Any

from alignfreeze.data.bitext import ParallelText, SpacedWords, draw_more_rows, draw_rows, write_bitext
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write bitext/{lang}.parquet, or fit_bitext/{lang}.parquet, which holds the former and more."""
    configure_logging(smk.log[0])
    if smk.params.segmented:
        words = SpacedWords(), SpacedWords()
    else:
        from alignfreeze.data.segmentation import Segmenter

        words = Segmenter(smk.params.source_language), Segmenter(smk.wildcards.lang)
    text = ParallelText(smk.input.source, smk.input.get("target"), words)
    rows = draw_rows(text.pairs, smk.params.sample, smk.params.seed, smk.params.sampling)
    if fit_pairs := smk.params.get("fit_pairs"):
        rows = draw_more_rows(rows, text.pairs, fit_pairs, smk.params.seed)
    write_bitext(smk.output[0], text.parts(rows))


if __name__ == "__main__":
    main(snakemake)
