import pytest
from support import FAMILIES, tiny_encoder

from alignfreeze.encoders.blocks import frozen_blocks
from alignfreeze.encoders.freezing import freeze
from alignfreeze.support.errors import InputError


@pytest.mark.parametrize(
    ("strategy", "blocks", "expected"),
    [
        ("full", 12, []),
        ("front", 12, [0, 1, 2, 3, 4, 5]),
        ("back", 12, [6, 7, 8, 9, 10, 11]),
        ("front", 6, [0, 1, 2]),
        ("back", 6, [3, 4, 5]),
        ("front", 5, [0, 1]),
        ("back", 5, [2, 3, 4]),
        ([2, 4], 12, [2, 3]),
        ((0, 12), 12, list(range(12))),
        ([11, 12], 12, [11]),
    ],
)
def test_strategy_is_a_range_of_blocks(strategy, blocks, expected):
    assert list(frozen_blocks(strategy, blocks)) == expected


@pytest.mark.parametrize("strategy", [[3, 3], [4, 2], [0, 13], [12, 13], [-1, 3]])
def test_range_outside_the_encoder_or_empty_is_refused(strategy):
    with pytest.raises(InputError, match=r"an encoder of 12 blocks has \[first, end\) in 0 \.\. 12"):
        frozen_blocks(strategy, 12)


def test_strategy_that_would_freeze_nothing_is_refused():
    with pytest.raises(InputError, match="freezes nothing in an encoder of 1 blocks"):
        frozen_blocks("front", 1)


@pytest.mark.parametrize("strategy", ["frnt", "front_half", "", "last_6", [1], [1, 2, 3]])
def test_unknown_strategy_is_refused(strategy):
    with pytest.raises(InputError, match=r"allowed are full, front, back or \[first, end\]"):
        frozen_blocks(strategy, 12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize(("strategy", "frozen"), [("full", []), ("front", [0, 1]), ("back", [2, 3]), ([1, 2], [1])])
def test_exactly_the_parameters_of_the_strategy_are_frozen(family, embeddings, strategy, frozen):
    model = tiny_encoder(family)
    model.requires_grad_(False)  # what an earlier strategy froze is trainable again
    report = freeze(model, strategy, embeddings)
    prefixes = tuple(f"{'transformer' if family == 'distilbert' else 'encoder'}.layer.{number}." for number in frozen)
    prefixes += ("embeddings.",) if embeddings else ()
    expected = {name for name, _ in model.named_parameters() if prefixes and name.startswith(prefixes)}
    assert {name for name, p in model.named_parameters() if not p.requires_grad} == expected
    assert report.frozen == sum(p.numel() for name, p in model.named_parameters() if name in expected)
    assert report.frozen + report.trainable == sum(p.numel() for p in model.parameters())
    assert list(report.blocks) == frozen
    assert report.embeddings is embeddings
