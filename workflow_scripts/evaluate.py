"""Evaluate a fine-tuned model on its task, all languages of a set in one process."""

import logging
from typing import Any

from alignfreeze.support.devices import claimed_device, torch_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write scores/.../{langs}.csv, one row per language and metric."""
    configure_logging(smk.log[0])
    with claimed_device(smk.params.device) as name:
        import pandas as pd

        from alignfreeze.encoders.loading import load_config, load_tokenizer
        from alignfreeze.metrics import load_evaluation
        from alignfreeze.support.atomic import atomic_file
        from alignfreeze.tasks import load_task

        task, evaluation = load_task(smk.wildcards.task), load_evaluation(smk.wildcards.task)
        device = torch_device(name)
        model = task.load_finetuned(smk.input.model)
        tokenizer = task.tokenizer(
            load_tokenizer(smk.input.model), load_config(smk.input.model), task.settings(**smk.params.encoding)
        )
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
            examples = task.read_first(path, language, smk.params.max_test_items)
            scores = evaluation.evaluate(model, examples, tokenizer, device, language == smk.params.source)
            for metric in evaluation.metrics:
                value, n = scores[metric]
                rows.append(facts | {"language": language, "metric": metric, "value": value, "n": n})
            logging.getLogger(__name__).info(
                "%s: %s", language, {name: round(s.value, 4) for name, s in scores.items()}
            )
        with atomic_file(smk.output[0]) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    main(snakemake)
