import pytest
from support import FAMILIES, tiny_encoder

from alignfreeze.encoders.blocks import check_trains, frozen_blocks
from alignfreeze.encoders.freezing import freeze
from alignfreeze.encoders.settings import ChosenBlocks, OnlyBlocks, RandomBlocks
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
        ({"blocks": [5, 1, 3]}, 12, [1, 3, 5]),
        ({"only": [7]}, 12, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]),
        ({"only": [0, 1]}, 3, [2]),
        (ChosenBlocks(blocks=(2,)), 3, [2]),
    ],
)
def test_strategy_is_a_choice_of_blocks(strategy, blocks, expected):
    assert list(frozen_blocks(strategy, blocks)) == expected


@pytest.mark.parametrize("strategy", [[3, 3], [4, 2], [0, 13], [12, 13], [-1, 3]])
def test_range_outside_the_encoder_or_empty_is_refused(strategy):
    with pytest.raises(InputError, match=r"an encoder of 12 blocks has \[first, end\) in 0 \.\. 12"):
        frozen_blocks(strategy, 12)


def test_strategy_that_would_freeze_nothing_is_refused():
    with pytest.raises(InputError, match="freezes nothing in an encoder of 1 blocks"):
        frozen_blocks("front", 1)


def test_random_blocks_are_so_many_and_the_same_for_a_seed():
    drawn = [frozen_blocks({"random": 6, "seed": seed}, 12) for seed in range(50)]
    assert drawn[0] == frozen_blocks({"random": 6}, 12) == frozen_blocks(RandomBlocks(random=6), 12)
    assert all(len(set(blocks)) == 6 and list(blocks) == sorted(blocks) for blocks in drawn)
    assert len(set(drawn)) > 40
    assert {block for blocks in drawn for block in blocks} == set(range(12))


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({"blocks": [12]}, r"freeze blocks \[12\]: an encoder of 12 blocks has blocks 0 to 11"),
        ({"only": [3, 12]}, r"freeze only \[3, 12\]: an encoder of 12 blocks has blocks 0 to 11"),
        ({"only": list(range(12))}, "freezes nothing in an encoder of 12 blocks"),
        ({"random": 13}, "freeze random 13: the encoder has 12 blocks"),
        ({"random": 0}, "allowed are full, front"),
        ({"blocks": []}, "allowed are full, front"),
        ({"blocks": [1, 1]}, "allowed are full, front"),
        ({"block": [1]}, "allowed are full, front"),
        ({"only": [1], "seed": 2}, "allowed are full, front"),
    ],
)
def test_blocks_outside_the_encoder_or_in_another_form_are_refused(strategy, message):
    with pytest.raises(InputError, match=message):
        frozen_blocks(strategy, 12)


def test_strategy_that_trains_nothing_below_the_layer_that_is_read_is_refused():
    check_trains("back", True, "paper", 12)
    check_trains((0, 12), False, "last", 12)  # the embeddings are trained
    check_trains(OnlyBlocks(only=(11,)), False, "last", 12)
    with pytest.raises(InputError, match=r"freeze {only: \[11\]}: no block below layer 11, which realignment reads"):
        check_trains(OnlyBlocks(only=(11,)), False, "paper", 12)
    with pytest.raises(InputError, match=r"freeze \[0, 12\]: no block below layer 12"):
        check_trains((0, 12), True, "last", 12)


@pytest.mark.parametrize("strategy", ["frnt", "front_half", "", "last_6", [1], [1, 2, 3]])
def test_unknown_strategy_is_refused(strategy):
    with pytest.raises(InputError, match=r"allowed are full, front, back or \[first, end\], {blocks"):
        frozen_blocks(strategy, 12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize(("strategy", "frozen"),
    [
        ("full", []), ("front", [0, 1]), ("back", [2, 3]), ([1, 2], [1]), ({"blocks": [0, 3]}, [0, 3]),
        ({"only": [1]}, [0, 2, 3]),
    ],
)  # fmt: skip
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
