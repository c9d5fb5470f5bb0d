"""Damaged files of every kind, 10,000 of each: half by mutation, half by hypothesis; the counts are printed."""

import pytest
from reader_fuzzing import READERS, fuzz

pytestmark = pytest.mark.faults
INPUTS = 5_000  # of each kind
CHECKPOINT_INPUTS = 1_000  # for each file of a checkpoint's folder, which takes longer to load


@pytest.mark.parametrize("name", READERS)
def test_damaged_file_is_one_line_that_names_it(name, tmp_path, capsys):
    inputs = CHECKPOINT_INPUTS if "checkpoint" in name else INPUTS
    counts = fuzz(name, inputs, tmp_path)
    shown = {f"{how} {found}": count for (how, found), count in sorted(counts.items())}
    with capsys.disabled():
        print(f"\n{name}: {sum(counts.values())} inputs, {shown}")
    assert sum(count for (how, _), count in counts.items() if how == "mutation") == inputs
