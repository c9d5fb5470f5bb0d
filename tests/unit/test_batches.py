import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from support import random_row

from alignfreeze.realignment.batches import WINDOW_BATCHES, RealignmentCollator, batch_plan, interleaved_rows


def test_languages_take_turns_and_restart_when_the_shortest_ends():
    passes = list(itertools.islice(interleaved_rows({"de": 7, "ta": 3, "tr": 5}, 31, "first_exhausted"), 3))
    for keys in passes:
        assert [language for language, _ in keys] == ["de", "ta", "tr"] * 3
        assert sorted(row for language, row in keys if language == "ta") == [0, 1, 2]
        for language in ("de", "tr"):
            rows = [row for name, row in keys if name == language]
            assert len(set(rows)) == 3
    assert len({tuple(keys) for keys in passes}) == 3  # each pass is shuffled anew


def test_all_exhausted_uses_every_row_of_the_longest_and_repeats_the_shorter():
    keys = next(interleaved_rows({"de": 7, "ta": 3}, 31, "all_exhausted"))
    assert [language for language, _ in keys] == ["de", "ta"] * 7
    counts = Counter(keys)
    assert all(counts["de", row] == 1 for row in range(7))
    assert {counts["ta", row] for row in range(3)} == {2, 3}


def test_order_of_a_language_does_not_depend_on_the_others():
    alone = next(interleaved_rows({"ta": 9}, 31, "first_exhausted"))
    among = next(interleaved_rows({"de": 9, "ta": 9, "tr": 9}, 31, "first_exhausted"))
    assert [key for key in among if key[0] == "ta"] == alone


def test_seed_decides_the_order():
    first, again, other = (next(interleaved_rows({"de": 50}, seed, "first_exhausted")) for seed in (31, 31, 42))
    assert first == again != other


def test_batches_cut_a_pass_in_order_and_the_last_may_be_short():
    plan = batch_plan({"de": 5, "ta": 5}, 4, 31)
    keys = next(interleaved_rows({"de": 5, "ta": 5}, 31, "first_exhausted"))
    assert list(itertools.islice(plan, 3)) == [keys[:4], keys[4:8], keys[8:]]


def test_window_bucketing_holds_the_same_rows_sorted_by_length():
    rng = np.random.default_rng(0)
    lengths = {"de": 400, "ta": 400}
    sizes = {language: rng.integers(5, 100, count) for language, count in lengths.items()}
    size = 4
    passes = itertools.islice(batch_plan(lengths, size, 31, bucketing="window", row_length=sizes), 200)
    batches = list(passes)
    keys = next(interleaved_rows(lengths, 31, "first_exhausted"))
    assert Counter(key for batch in batches for key in batch) == Counter(keys)
    window = batches[:WINDOW_BATCHES]
    assert {key for batch in window for key in batch} == set(keys[: WINDOW_BATCHES * size])
    spreads = [max(s) - min(s) for s in ([sizes[name][row] for name, row in batch] for batch in window)]
    assert np.mean(spreads) < 5  # unsorted: about 57
    means = [np.mean([sizes[name][row] for name, row in batch]) for batch in window]
    assert means != sorted(means)  # but short batches do not all come first


def test_collator_points_at_the_same_subwords_as_the_rows():
    rng = np.random.default_rng(2)
    rows = [random_row(rng) for _ in range(5)]
    batch = RealignmentCollator(pad_id=77)(rows)
    assert batch.source_ids.shape[1] == max(len(row.source_ids) for row in rows)
    assert batch.target_ids.shape[1] == max(len(row.target_ids) for row in rows)
    for row, ids, mask in zip(rows, batch.source_ids, batch.source_mask, strict=True):
        assert ids[mask].tolist() == row.source_ids.tolist()
        assert set(ids[~mask].tolist()) <= {77}
    source_words = batch.source_ids.flatten()[batch.source_index].tolist()
    target_words = batch.target_ids.flatten()[batch.target_index].tolist()
    assert source_words == [int(i) for row in rows for i in row.source_ids[row.source_words]]
    assert target_words == [int(i) for row in rows for i in row.target_ids[row.target_words]]
    words = source_words + target_words
    pairs = [
        (int(row.source_ids[row.source_words[i]]), int(row.target_ids[row.target_words[j]]))
        for row in rows
        for i, j in zip(row.source_pairs, row.target_pairs, strict=True)
    ]
    count = len(pairs)
    assert [(words[a], words[p]) for a, p in zip(batch.anchors, batch.partners, strict=True)][:count] == pairs
    assert batch.anchors[count:].tolist() == batch.partners[:count].tolist()
    assert batch.partners[count:].tolist() == batch.anchors[:count].tolist()


@pytest.mark.parametrize("name", ["source_ids", "anchors", "partners", "source_index", "target_index"])
def test_collated_indices_are_int64(name):
    batch = RealignmentCollator(pad_id=0)([random_row(np.random.default_rng(3))])
    assert getattr(batch, name).dtype == torch.int64
