"""Compare the aligners with the gold links: one row per aligner and language."""

import itertools
from dataclasses import asdict
from typing import Any

import pandas as pd

from alignfreeze.aligners.quality import alignment_quality
from alignfreeze.data.gold import read_gold
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write tables/{langs}/aligner_quality.csv."""
    configure_logging(smk.log[0])
    gold = {
        language: read_gold(smk.input.source, target, links)
        for language, target, links in zip(smk.params.languages, smk.input.targets, smk.input.links, strict=True)
    }
    rows = []
    keys = itertools.product(smk.params.aligners, smk.params.languages)
    for (aligner, language), path in zip(keys, smk.input.alignments, strict=True):
        bitext, links = gold[language]
        quality = alignment_quality(read_alignments(path, bitext.lengths), links)
        rows.append({"aligner": aligner, "language": language, **asdict(quality), "n_sentences": len(bitext)})
    with atomic_file(smk.output[0]) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
