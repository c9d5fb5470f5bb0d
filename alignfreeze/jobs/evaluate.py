"""Evaluate a fine-tuned model on its task, all languages of a set in one process."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignfreeze.encoders.loading import load_config, load_tokenizer
from alignfreeze.kinds import load_task
from alignfreeze.support.devices import torch_device
from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)


def evaluate(
    model: str | Path,
    *,
    task: str,
    tests: Mapping[str, str | Path],
    source: str,
    encoding: Mapping[str, Any],
    device: str | None,
    max_test_items: int | None = None,
) -> list[dict[str, Any]]:
    """Scores of a fine-tuned model, one row per language and metric.

    Parameters
    ----------
    model : str or Path
        Folder of the fine-tuned model with its tokenizer.
    task : str
        Kind of the task, see `alignfreeze.kinds`.
    tests : mapping from str to str or Path
        Test data by language.
    source : str
        The language that was fine-tuned on.
    encoding : mapping
        Settings of how the task's text becomes subwords.
    device : str or None
        Name of the claimed GPU; None for the CPU.
    max_test_items : int, optional
        Only the first examples of each file.

    Returns
    -------
    list of dict
        `language`, `metric`, `value` (0 to 1) and `n`, the number of scored items.

    Raises
    ------
    InputError
        A score is not a number, or a test file is wrong.
    """
    chosen = load_task(task, encoding)
    finetuned = chosen.load_finetuned(model)
    tokenizer = chosen.evaluation_tokenizer(load_tokenizer(model), load_config(model))
    rows = []
    for language, path in tests.items():
        examples = chosen.read_first(path, language, max_test_items)
        scores = chosen.evaluate(finetuned, examples, tokenizer, torch_device(device), language == source)
        for metric, (value, n) in scores.items():
            if not math.isfinite(value):
                raise InputError(f"{path}: {metric} of {model} in {language} is {value} over {n} items; look at both")
            rows.append({"language": language, "metric": metric, "value": value, "n": n})
        logger.info("%s: %s", language, {name: round(score.value, 4) for name, score in scores.items()})
    return rows
