"""Evaluate a fine-tuned tagger, all languages of a set in one process."""

from typing import Any

from alignfreeze.devices import claimed_device, torch_device
from alignfreeze.logs import configure_logging


def main(smk: Any) -> None:
    """Write scores/.../{langs}.csv, one row per language."""
    configure_logging(smk.log[0])
    with claimed_device(smk.params.training["device"]) as name:
        import pandas as pd

        from alignfreeze.atomic import atomic_file
        from alignfreeze.encoders import load_tokenizer
        from alignfreeze.subwords import WordTokenizer
        from alignfreeze.token_classification import accuracy, load_finetuned, predict
        from alignfreeze.treebank import read_treebank

        model, device = load_finetuned(smk.input.model), torch_device(name)
        tokenizer = WordTokenizer(load_tokenizer(smk.input.model), smk.params.max_length)
        facts = {
            "experiment": smk.params.experiment,
            "model": smk.wildcards.model,
            "task": smk.wildcards.task,
            "strategy": smk.wildcards.strategy,
            "aligner": smk.wildcards.aligner,
            "realignment_languages": smk.wildcards.pairs,
            "seed": int(smk.wildcards.seed),
        }
        rows = []
        for language, path in zip(smk.params.languages, smk.input.tests, strict=True):
            sentences = read_treebank(path)
            value, n = accuracy(predict(model, sentences.words, tokenizer, device), sentences.tags)
            rows.append(facts | {"language": language, "metric": "accuracy", "value": value, "n": n})
        with atomic_file(smk.output[0]) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
