"""Result files that the authors removed later: 34 against 12 realignment languages, in-language, filtered bitext."""

import pandas as pd
import pytest
from analysis_support import PUBLISHED

from alignfreeze.analysis import figures
from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.latex import latex_table
from alignfreeze.analysis.published import published_records, published_scores
from alignfreeze.analysis.realignment_languages import realignment_languages_table
from alignfreeze.analysis.tables import main_table, per_language_table

HISTORY = PUBLISHED / "history"
POS = PUBLISHED / "distilbert-base-multilingual-cased__opus100__udpos.csv"
pytestmark = pytest.mark.skipif(not (HISTORY / "README.md").is_file(), reason=f"no earlier result files in {HISTORY}")
SETS = ("34_languages", "12_languages")
# Points, of the folder's README.
EXPECTED = {
    "distilmbert": {"full": -1.53, "front": -1.14, "back": -1.26},
    "mbert": {"full": 0.54, "front": 1.03, "back": 0.57},
    "xlmr": {"full": 0.30, "front": 0.15, "back": -0.26},
}


def test_34_against_12_languages(tmp_path):
    files = sorted(HISTORY.glob("*_languages.csv"))
    table = realignment_languages_table(published_scores(files), published_records(files), SETS)
    assert {(row.model, row.strategy) for row in table.itertuples()} == {
        (model, strategy) for model, own in EXPECTED.items() for strategy in own
    }
    for row in table.itertuples():
        assert row.delta == pytest.approx(EXPECTED[row.model][row.strategy], abs=0.01)
        assert (row.realignment_languages, row.reference, row.aligner) == (*SETS, "dictionary")
        assert (row.distinct_pairs, row.distinct_pairs_reference) == (17678 if row.model == "xlmr" else 19786, 392704)
        assert (row.n_seeds, row.n_languages, row.reason) == (5, 12, "")
    text = latex_table("realignment_languages", table)
    assert "392704" in text
    assert "34\\_languages" in text
    figures.save_figure(figures.realignment_languages(table), tmp_path / "figure.png")


def test_share_of_the_gap_to_fine_tuning_in_the_language_itself():
    # Empty files: languages without a training set.
    files = [path for path in HISTORY.glob("*__in_language_*.csv") if path.stat().st_size]
    scores = published_scores([POS, *files])
    table = per_language_table(scores, "distilmbert", "udpos")
    bound = table[table["strategy"] == "in_language"].set_index("language")
    assert len(bound) == len(files) == 30
    assert bound.loc["de", "mean"] == pytest.approx(94.94, abs=0.01)
    # Slowly, from the long table.
    mean = scores.groupby(["strategy", "aligner", "language"])["value"].mean()
    for row in table[table["aligner"] != "none"].itertuples():
        if row.language not in bound.index:
            assert row.gap_share != row.gap_share
            assert "no fine-tuning in the language itself" in row.reason
            continue
        own, base = mean[row.strategy, row.aligner, row.language], mean["baseline", "none", row.language]
        assert row.gap_share == pytest.approx((own - base) / (mean["in_language", "none", row.language] - base))
    # It changes nothing else: neither the cells nor what is best, nor the family of tests.
    plain = per_language_table(published_scores([POS]), "distilmbert", "udpos")
    rest = table[table["strategy"] != "in_language"].reset_index(drop=True)
    assert rest.drop(columns=["gap_share", "reason"]).equals(plain.drop(columns="reason"))
    assert main_table(scores).equals(main_table(published_scores([POS])))


@pytest.mark.parametrize("percentile", [25, 37, 50, 62, 75])
def test_filtered_bitext(percentile):
    """Realigned on pairs of which the worst are left out; the baseline is the one without bitext."""
    file = HISTORY / f"distilbert-base-multilingual-cased__udpos__opus100__filtered_percent_{percentile}.csv"
    whole = published_scores([POS])
    scores = published_scores([file], f"filtered_{percentile}")
    baseline = whole[whole["strategy"] == "baseline"].assign(experiment=f"filtered_{percentile}")
    cells = read_experiment(pd.concat([scores, baseline], ignore_index=True))
    table = main_table(cells).set_index(["aligner", "strategy"])
    assert len(table) == 1 + 3 * 6
    assert (table["n_languages"] == 34).all()
    assert (table["n_seeds"] == 5).all()
    assert table.loc[("fastalign", "full"), "delta"] > 0
