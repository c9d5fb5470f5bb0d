"""Histogram of the scores of the sentence pairs, by language."""

from typing import Any

from alignfreeze.analysis import figures
from alignfreeze.data.filtering import read_pair_scores, threshold
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write figures/{langs}/bitext_filter.*."""
    configure_logging(smk.log[0])
    scores = {
        language: read_pair_scores(path) for language, path in zip(smk.params.languages, smk.input.scores, strict=True)
    }
    percentiles = smk.params.percentiles
    thresholds = {language: [threshold(own, each) for each in percentiles] for language, own in scores.items()}
    figures.save_figure(figures.bitext_filter(scores, thresholds, smk.params.scorer), smk.output.png, smk.output.pdf)


if __name__ == "__main__":
    main(snakemake)
