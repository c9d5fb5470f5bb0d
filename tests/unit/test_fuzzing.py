"""Damaged files of every kind, a few hundred of each; make test-faults reads many more."""

import pytest
from reader_fuzzing import READERS, fuzz, readers


def test_every_reader_is_fuzzed(tmp_path):
    assert tuple(readers(tmp_path)) == READERS


@pytest.mark.parametrize("name", READERS)
def test_damaged_file_is_one_line_that_names_it(name, tmp_path):
    counts = fuzz(name, 150, tmp_path)
    assert sum(counts.values()) >= 300 * 0.9, "hypothesis may find no more distinct inputs"
    assert sum(count for (_, found), count in counts.items() if found != "valid") > 50
