"""Damaged files of every kind, 10,000 of each: half by mutation, half by hypothesis; the counts are printed."""

import pytest
from reader_fuzzing import READERS, fuzz

pytestmark = pytest.mark.faults
INPUTS = 5_000  # of each kind


@pytest.mark.parametrize("name", READERS)
def test_damaged_file_is_one_line_that_names_it(name, tmp_path, record_property):
    # A checkpoint's folder has 10,000 damaged inputs, shared by its files.
    files = [other for other in READERS if "checkpoint," in name and other.split(",")[0] == name.split(",")[0]]
    inputs = INPUTS // max(1, len(files))
    counts = fuzz(name, inputs, tmp_path)
    shown = {f"{how} {found}": count for (how, found), count in sorted(counts.items())}
    record_property("seen", f"{name}: {sum(counts.values())} inputs, {shown}")
    assert sum(count for (how, _), count in counts.items() if how == "mutation") == inputs
