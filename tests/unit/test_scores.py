import numpy as np
import pandas as pd
import pytest
from analysis_support import make_scores
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.analysis.scores import (
    COLUMNS,
    concat_scores,
    read_scores,
    select_languages,
    validate_scores,
    write_scores,
)
from alignfreeze.support.errors import InputError


def test_round_trip_keeps_norwegian_and_none(tmp_path):
    scores = make_scores(languages=("no", "nan_like", "de"))
    write_scores(scores, tmp_path / "scores.csv")
    back = read_scores(tmp_path / "scores.csv")
    assert set(back["language"]) == {"en", "no", "nan_like", "de"}
    assert "none" in set(back["aligner"])
    pd.testing.assert_frame_equal(back, validate_scores(scores))


def test_value_keeps_full_precision(tmp_path):
    scores = make_scores().assign(value=lambda frame: frame["value"] / 3)
    write_scores(scores, tmp_path / "scores.csv")
    np.testing.assert_array_equal(read_scores(tmp_path / "scores.csv")["value"], validate_scores(scores)["value"])


def test_number_of_items_may_be_missing(tmp_path):
    write_scores(make_scores().assign(n=pd.NA), tmp_path / "scores.csv")
    assert read_scores(tmp_path / "scores.csv")["n"].isna().all()


@given(st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(random):
    scores = make_scores(languages=("de", "ta"))
    order = list(scores.index)
    random.shuffle(order)
    pd.testing.assert_frame_equal(validate_scores(scores.loc[order]), validate_scores(scores))


@pytest.mark.parametrize("column", COLUMNS)
def test_missing_column_is_named(column):
    with pytest.raises(InputError, match=f"no column {column}"):
        validate_scores(make_scores().drop(columns=column), "x.csv")


def test_repeated_row_is_named():
    scores = make_scores()
    with pytest.raises(InputError, match=r"x\.csv: repeated rows for small/udpos/baseline/none/31/en/accuracy"):
        validate_scores(pd.concat([scores, scores.iloc[:1]]), "x.csv")


def test_tables_that_share_a_row_are_refused():
    with pytest.raises(InputError, match="repeated rows"):
        concat_scores([make_scores(), make_scores()])


def test_nan_score_is_named():
    scores = make_scores()
    scores.loc[3, "value"] = np.nan
    with pytest.raises(InputError, match=r"no score \(NaN\) for small/udpos/baseline/none/31/ru/accuracy"):
        validate_scores(scores)


@pytest.mark.parametrize("value", [-0.01, 1.01, 55.0, np.inf])
def test_value_outside_the_range_is_named(value):
    scores = make_scores()
    scores.loc[3, "value"] = value
    with pytest.raises(InputError, match=r"value outside 0\.\.1 for small/udpos/baseline/none/31/ru"):
        validate_scores(scores)


def test_text_where_a_number_belongs():
    scores = make_scores().astype({"value": object})
    scores.loc[3, "value"] = "good"
    with pytest.raises(InputError, match="must be numbers"):
        validate_scores(scores)


@pytest.mark.parametrize("field", ["model", "language", "metric"])
def test_empty_field_is_named(field):
    scores = make_scores()
    scores.loc[3, field] = ""
    with pytest.raises(InputError, match=f"column {field} has an empty field"):
        validate_scores(scores)


def test_no_row_at_all():
    with pytest.raises(InputError, match="no scores"):
        validate_scores(make_scores().iloc[:0])
    with pytest.raises(InputError, match="no score tables"):
        concat_scores([])


def test_select_languages():
    assert set(select_languages(make_scores(), ["de", "ta", "sw"])["language"]) == {"de", "ta"}
