"""Word retrieval of one encoder on the gold-linked sentences, at the middle and the last block."""

from pathlib import Path
from typing import Any

from alignfreeze.support.devices import claimed_device, torch_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write retrieval/.../{langs}.csv, one row per language and layer."""
    configure_logging(smk.log[0])
    with claimed_device(smk.params.device) as name:
        import pandas as pd

        from alignfreeze.data.gold import read_gold
        from alignfreeze.encoders.loading import encoder_blocks, load_encoder, load_tokenizer
        from alignfreeze.encoders.retrieval import retrieval_by_language
        from alignfreeze.encoders.subwords import WordTokenizer
        from alignfreeze.support.atomic import atomic_file

        encoder = Path(smk.input.start, smk.params.checkpoint)
        model, device = load_encoder(encoder), torch_device(name)
        tokenizer = WordTokenizer(load_tokenizer(encoder), smk.params.max_length)
        blocks = len(encoder_blocks(model))
        facts = {key: smk.wildcards[key] for key in ("model", "strategy", "aligner", "seed", "steps")}
        rows = []
        gold = {
            language: read_gold(smk.input.source, target, links)
            for language, target, links in zip(smk.params.languages, smk.input.targets, smk.input.links, strict=True)
        }
        by_language = retrieval_by_language(model, gold, tokenizer, [blocks // 2, blocks], device)
        for language, scores in by_language.items():
            for layer, score in scores.items():
                rows.append(
                    facts
                    | {
                        "language": language,
                        "layer": layer,
                        "place": "last" if layer == blocks else "middle",
                        "accuracy": score.mean,
                        "source_to_target": score.source_to_target,
                        "target_to_source": score.target_to_source,
                        "n_source_words": score.source_words,
                        "n_target_words": score.target_words,
                    }
                )
        with atomic_file(smk.output[0]) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
