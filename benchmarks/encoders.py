"""What works with each architecture, tried on tiny random encoders; prints docs/encoders.md.

make encoders
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from architectures import ARCHITECTURES, every_hidden_state, make, random_ids
from support import CPU, write_streams

from alignfreeze.encoders.anatomy import encoder_blocks, state_at
from alignfreeze.encoders.loading import load_encoder, positions
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings

HEAD = """# Encoders

Blocks are found by running an encoder once: they are the list of modules of which each reads one state and writes the
next. Nothing depends on an architecture's name. Refused, with the reason: shared weights (ALBERT), decoders,
checkpoints that need code of their own, and those that lack weights of their blocks. Each row is what `make encoders`
saw with random weights: blocks; every `hidden_states[k]` equal bit for bit; after two realignment steps with `front`
the lower half unchanged bit for bit and the upper half changed; the same weights after saving and loading.

| architecture | peculiar | blocks | states equal | frozen half unchanged | saved and loaded | longest input |
| --- | --- | --- | --- | --- | --- | --- |"""


def row(name: str, folder: Path) -> str:
    """One line of the table."""
    model, (ids, mask) = make(name).eval(), random_ids()
    expected = every_hidden_state(model, ids, mask)
    equal = all(torch.equal(state_at(model, layer, ids, mask), state) for layer, state in enumerate(expected))
    before = [[p.detach().clone() for p in block.parameters()] for block in encoder_blocks(model)]
    settings = RealignmentSettings(freeze="front", batch_size=4, head_size=16, layer="last", learning_rate=1e-2)
    Realigner(model, write_streams(folder, {"de": 8}), settings, 0, CPU).run([2])
    same = [
        all(map(torch.equal, old, block.parameters())) for old, block in zip(before, encoder_blocks(model), strict=True)
    ]
    model.eval().save_pretrained(folder / "saved")
    last = len(before)
    trained, again = model.state_dict(), load_encoder(folder / "saved").state_dict()
    loaded = trained.keys() == again.keys() and all(torch.equal(trained[key], again[key]) for key in trained)
    said = {True: "yes", False: "**no**"}
    frozen = all(same[: last // 2]) and not any(same[last // 2 :])
    longest = positions(model.config) or "no end"
    cells = [name, ARCHITECTURES[name][2] or "-", last, said[equal], said[frozen], said[loaded], longest]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the page."""
    print(HEAD)
    for name in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as folder:
            print(row(name, Path(folder)))


if __name__ == "__main__":
    main()
