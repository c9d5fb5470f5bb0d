"""Model cards: Markdown under the hub's metadata (https://huggingface.co/docs/hub/model-cards)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from huggingface_hub import ModelCardData

from alignfreeze import __version__
from alignfreeze.interface.arguments import UNDETERMINED
from alignfreeze.interface.provenance import Base, Training

PAPER = "[AlignFreeze](https://arxiv.org/abs/2502.12959) (Bakos et al., NAACL 2025)"
PIPELINES = {"udpos": "token-classification", "wikiann": "token-classification"}
PIPELINES |= {"xnli": "text-classification", "xquad": "question-answering"}


def model_card(base: Base, trainings: Sequence[Training], task: str | None = None) -> str:
    """The card of a model.

    Parameters
    ----------
    base : Base
        Where the first weights came from; its licence is the card's.
    trainings : sequence of Training
        What was done to them.
    task : str, optional
        What it was fine-tuned on; None for an encoder.

    Returns
    -------
    str
        Markdown under YAML metadata.
    """
    realigned = any(training.method == "realignment" for training in trainings)
    languages = sorted({code for training in trainings for code in training.data if code != UNDETERMINED})
    data = ModelCardData(
        language=languages or None,
        license=base.licence,
        library_name="transformers",
        pipeline_tag=PIPELINES[task] if task else "feature-extraction",
        tags=["alignfreeze", *(["realignment"] if realigned else [])],
        base_model=base.name if base.on_hub else None,
        base_model_relation="finetune" if base.on_hub and trainings else None,
    )
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n".join(_body(base, trainings, task))


def _body(base: Base, trainings: Sequence[Training], task: str | None) -> Iterator[str]:
    name = base.name.rstrip("/").rpartition("/")[2]
    yield f"# {name}, {', then '.join(t.method for t in trainings) or 'unchanged'}\n"
    revision = f", revision `{base.revision}`" if base.revision else ""
    note = f" ({base.note})" if base.note else ""
    yield f"Base model: {base.name}{revision}{note}. Made with alignfreeze {__version__}, the method of {PAPER}.\n"
    for training in trainings:
        yield f"## {training.method.capitalize()}\n"
        yield f"{training.steps:,} steps, seed {training.seed}.\n"
        yield "| setting | value |\n| --- | --- |"
        for key, value in training.settings.items():
            yield f"| {key} | {value if isinstance(value, str) else json.dumps(value)} |"
        yield "\n### Data\n"
        yield (training.description or "Not described; name the data and their licence here.") + "\n"
        facts = list(next(iter(training.data.values()), {}))
        yield f"| language | {' | '.join(fact.replace('_', ' ') for fact in facts)} |"
        yield f"| --- |{' --- |' * len(facts)}"
        for language, values in training.data.items():
            yield f"| {language} | {' | '.join(str(values[fact]) for fact in facts)} |"
        yield ""
    yield "## Use\n"
    loading = "alignfreeze.load_task_model" if task else "transformers.AutoModel.from_pretrained"
    yield f"Load it with `{loading}`. `alignfreeze.json` holds the whole record, losses included.\n"
    yield "## Licence\n"
    if base.licence:
        yield f"`{base.licence}`, as the base model states it. The data may have terms of their own.\n"
    else:
        yield "Not stated by the base model: find out before you publish this one. The data may have terms, too.\n"
