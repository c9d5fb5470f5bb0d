"""Damaged files of every kind, a few hundred of each; make test-faults reads many more."""

import pytest
from reader_fuzzing import READERS, fuzz, readers


def test_every_reader_is_fuzzed(tmp_path):
    assert {*readers(tmp_path)} == {*READERS}


@pytest.mark.parametrize("name", READERS)
def test_damaged_file_is_one_line_that_names_it(name, tmp_path):
    inputs = 25 if "checkpoint," in name else 150  # of each kind; a checkpoint has six files that are damaged
    counts = fuzz(name, inputs, tmp_path)
    assert sum(counts.values()) >= 2 * inputs * 0.9, "hypothesis may find no more distinct inputs"
    assert sum(count for (_, found), count in counts.items() if found != "valid") > inputs / 3
