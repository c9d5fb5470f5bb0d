import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import random_row

from alignfreeze.realignment.batches import (
    RealignmentCollator,
    batch_plan,
    buffer_order,
    interleaved_rows,
)
from alignfreeze.training.batches import WINDOW_BATCHES

# In the order in which the published scripts name them.
ORDERS = {
    "tagging": "bg cs de es lv af ar ca da el fa fi fr he hi hu it ja ko lt no pl pt ro ru sk sl sv ta th tr uk vi zh",
    "nli": "ar bg de el es fr hi ru th tr vi zh cs lv af ca da fa fi he hu it ja ko lt no pl pt ro sk sl sv ta uk",
    "qa": "ar de el es hi ro ru th tr vi zh bg cs lv af ca da fa fi fr he hu it ja ko lt no pl pt sk sl sv ta uk",
}


def test_languages_take_turns_and_restart_when_the_shortest_ends():
    passes = list(itertools.islice(interleaved_rows({"de": 7, "ta": 3, "tr": 5}, 31, "first_exhausted"), 3))
    for keys in passes:
        # At its fourth turn ta has no pair; de, which is before it, gave one more.
        assert [language for language, _ in keys] == [*["de", "ta", "tr"] * 3, "de"]
        assert sorted(row for language, row in keys if language == "ta") == [0, 1, 2]
        for language in ("de", "tr"):
            rows = [row for name, row in keys if name == language]
            assert len(set(rows)) == len(rows) == (4 if language == "de" else 3)
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


def slow_shuffle_buffer(rows, seed, size):
    """The stream of examples of datasets 2 and 3, example by example."""
    rng = np.random.default_rng(seed)

    def random_places():
        while True:
            yield from rng.integers(0, size, size=1000)

    places, buffer = random_places(), []
    for row in rows:
        if len(buffer) == size:
            place = next(places)
            yield buffer[place]
            buffer[place] = row
        else:
            buffer.append(row)
    rng.shuffle(buffer)
    yield from buffer


@given(length=st.integers(0, 2300), seed=st.integers(0, 99), size=st.sampled_from([1, 7, 300, 1000]))
def test_buffer_order_is_that_of_a_shuffle_buffer(length, seed, size):
    assert buffer_order(length, seed, size).tolist() == list(slow_shuffle_buffer(range(length), seed, size))


def test_buffer_repeats_its_order_in_each_pass_for_all_languages_alike():
    passes = list(itertools.islice(interleaved_rows({"de": 9, "ta": 9}, 31, "first_exhausted", "buffer"), 3))
    assert passes[0] == passes[1] == passes[2]
    assert [row for name, row in passes[0] if name == "de"] == [row for name, row in passes[0] if name == "ta"]
    assert passes[0] != next(interleaved_rows({"de": 9, "ta": 9}, 42, "first_exhausted", "buffer"))


@pytest.mark.parametrize(
    ("order", "of_tamil", "steps", "seen", "distinct"),
    [
        ("tagging", 581, 1965, 31430, 19782),  # mBERT and DistilmBERT: PoS, NER, NLI, QA
        ("tagging", 581, 3130, 50060, 19782),
        ("nli", 581, 24544, 392590, 19786),
        ("qa", 581, 18010, 288076, 19786),
        ("tagging", 519, 1970, 31514, 17674),  # XLM-R
        ("tagging", 519, 3130, 50068, 17674),
        ("nli", 519, 24544, 392660, 17678),
        ("qa", 519, 20228, 323612, 17678),
    ],
)
def test_pairs_seen_with_dictionaries_are_the_published_ones(order, of_tamil, steps, seen, distinct):
    """All eight numbers follow if Tamil, and no other language, runs out: after 581 pairs, 519 with XLM-R."""
    lengths = dict.fromkeys(ORDERS[order].split(), 1_000) | {"ta": of_tamil}
    assert len(lengths) == 34
    plan = batch_plan(lengths, 16, 31, "first_exhausted", "buffer", "none")
    keys = [key for batch in itertools.islice(plan, steps) for key in batch]
    assert (len(keys), len(set(keys))) == (seen, distinct)


def test_seed_decides_the_order():
    first, again, other = (next(interleaved_rows({"de": 50}, seed, "first_exhausted")) for seed in (31, 31, 42))
    assert first == again != other


def test_batches_cut_a_pass_in_order_and_the_last_may_be_short():
    plan = batch_plan({"de": 5, "ta": 5}, 4, 31, "first_exhausted", "whole", "none")
    keys = next(interleaved_rows({"de": 5, "ta": 5}, 31, "first_exhausted"))
    assert list(itertools.islice(plan, 3)) == [keys[:4], keys[4:8], keys[8:]]


def test_window_bucketing_holds_the_same_rows_sorted_by_length():
    rng = np.random.default_rng(0)
    lengths = {"de": 400, "ta": 400}
    sizes = {language: rng.integers(5, 100, count) for language, count in lengths.items()}
    size = 4
    plan = batch_plan(lengths, size, 31, "first_exhausted", "whole", "window", sizes)
    batches = list(itertools.islice(plan, 200))
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
    assert source_words == [int(i) for row in rows for i in row.source_ids[row.source_start]]
    assert target_words == [int(i) for row in rows for i in row.target_ids[row.target_start]]
    words = source_words + target_words
    pairs = [
        (int(row.source_ids[row.source_start[i]]), int(row.target_ids[row.target_start[j]]))
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
