"""Blocks chosen by gradient conflict, against a choice by hand."""

import json

import pandas as pd
import pytest

from alignfreeze.diagnostics.choice import most_conflicting_half, with_chosen
from alignfreeze.encoders.blocks import frozen_blocks
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.support.errors import InputError


def rows(by_block, state="finetuned"):
    """Rows of two languages, from their cosines by block."""
    return [
        {"state": state, "language": language, "block": block, "cosine": cosine}
        for block, pair in enumerate(by_block)
        for language, cosine in zip(("de", "ta"), pair, strict=True)
    ]


def test_the_half_of_the_lowest_means():
    # Means .1, -.2, .0, -.3, .4, -.1: the lowest three are 3, 1 and 5.
    tuned = [(0.3, -0.1), (-0.1, -0.3), (0.2, -0.2), (-0.6, 0.0), (0.4, 0.4), (-0.1, -0.1)]
    before = [(-0.9, -0.9), (-0.8, -0.8), (-0.7, -0.7), (0.0, 0.0), (0.1, 0.1), (0.2, 0.2)]
    table = pd.DataFrame(rows(before, "pretrained") + rows(tuned)).sample(frac=1, random_state=0)
    assert most_conflicting_half(table, "finetuned") == (1, 3, 5)
    assert most_conflicting_half(table, "pretrained") == (0, 1, 2)


def test_half_of_an_odd_number_is_rounded_down_and_the_lower_of_equal_blocks_is_taken():
    assert most_conflicting_half(pd.DataFrame(rows([(0.0, 0.0)] * 5)), "finetuned") == (0, 1)


def test_a_block_without_a_gradient_is_never_chosen():
    nan = float("nan")
    table = pd.DataFrame(rows([(0.5, 0.5), (0.4, 0.4), (-0.9, nan), (nan, nan)]))
    assert most_conflicting_half(table, "finetuned") == (0, 1)
    with pytest.raises(InputError, match=r"1 of 4 blocks have a gradient of both losses, but 2 are to be frozen"):
        most_conflicting_half(pd.DataFrame(rows([(0.5, 0.5), (nan, nan), (nan, nan), (nan, nan)])), "finetuned")


def test_an_encoder_of_one_block_has_no_half():
    with pytest.raises(InputError, match="freeze {conflict: half}: 1 of 1 blocks"):
        most_conflicting_half(pd.DataFrame(rows([(0.1, 0.1)])), "finetuned")


def test_chosen_blocks_are_frozen_like_named_ones(tmp_path):
    path = tmp_path / "seed31.json"
    path.write_text(json.dumps({"blocks": [1, 3], "task": "udpos", "state": "finetuned"}))
    settings = {"freeze": {"conflict": "half", "task": None, "state": "finetuned"}, "batch_size": 4}
    chosen = RealignmentSettings(**with_chosen(settings, path))
    assert (frozen_blocks(chosen.freeze, 4), chosen.batch_size) == ((1, 3), 4)
    for none in (None, []):
        assert with_chosen({"freeze": "front"}, none) == {"freeze": "front"}


def test_outside_an_experiment_the_choice_is_refused():
    with pytest.raises(InputError, match=r"freeze {conflict: half, state: finetuned}: which blocks these are is known"):
        frozen_blocks({"conflict": "half"}, 12)
