"""Sentence pairs that paper.yaml's realignments see, against those that the published runs saw."""

import itertools

import pytest
import yaml
from analysis_support import PUBLISHED, needs_published
from support import ROOT

from alignfreeze.analysis.published import published_files, published_records
from alignfreeze.experiment import grid
from alignfreeze.experiment.configuration import load
from alignfreeze.realignment.batches import batch_plan

CONFIG = load(
    yaml.safe_load((ROOT / "experiments" / "paper.yaml").read_text(encoding="utf-8")), file="paper", base=ROOT
)
PLENTY = 12_000  # usable pairs of a language that does not run out; fewer than the sample that is drawn


def published():
    """Model, task, aligner, steps, pairs seen and distinct pairs of each realignment before fine-tuning."""
    if not (PUBLISHED / "expected.json").is_file():
        return []
    records = published_records(published_files(PUBLISHED))
    records = records[records["strategy"].isin(["full", "front", "back"])]
    columns = ["model", "task", "aligner", "realignment_steps", "pairs_seen", "distinct_pairs"]
    return sorted(records[columns].drop_duplicates().itertuples(index=False, name=None))


@needs_published
def test_published_counts_do_not_depend_on_strategy_or_seed():
    found = published()
    assert len(found) == len({row[:3] for row in found}) == 3 * (3 + 1 + 1 + 1)


@needs_published
@pytest.mark.parametrize(("model", "task", "aligner", "steps", "seen", "distinct"), published())
def test_paper_sees_the_published_pairs(model, task, aligner, steps, seen, distinct):
    sets = {languages for _, other, languages in grid.methods(CONFIG, task) if other == aligner}
    assert len(sets) == 1
    assert grid.realignment_steps(CONFIG, task, model) == steps
    limits = CONFIG.realignment.max_rows.get(aligner, {}).get(model, {})
    order = CONFIG.languages_of(sets.pop())
    assert len(order) == 34
    lengths = {language: limits.get(language, PLENTY) for language in order}
    chosen = CONFIG.realignment
    plan = batch_plan(lengths, chosen.batch_size, 31, chosen.interleave, chosen.shuffle, chosen.bucketing)
    keys = [key for batch in itertools.islice(plan, steps) for key in batch]
    assert (len(keys), len(set(keys))) == (seen, distinct)
