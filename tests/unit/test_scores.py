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
    with pytest.raises(InputError, match="scores: value is 'good'; write a number"):
        validate_scores(scores)


@pytest.fixture
def edited(tmp_path):
    """Writes a table of scores with one field replaced in its fourth row; gives the message of reading it."""

    def edit(column, content):
        path = tmp_path / "scores.csv"
        scores = make_scores().astype(object)
        scores.loc[3, column] = content
        scores.to_csv(path, index=False)
        with pytest.raises(InputError) as caught:
            read_scores(path)
        (line,) = str(caught.value).splitlines()
        return line.removeprefix(f"{tmp_path}/")

    return edit


@pytest.mark.parametrize("seed", ["31.7", "31.0", str(2**64 - 1), str(2**63), "-1", "", "x", "٣١", "1" * 5_000, "1_0"])
def test_seed_that_is_no_whole_number(edited, seed):
    line = edited("seed", seed)
    assert line.startswith("scores.csv:5: seed is '")
    assert line.endswith("write a whole number from 0 to 2^63 - 1")


@pytest.mark.parametrize("n", ["-3", "2.5", "many", str(2**63), "nan"])
def test_number_of_items_that_is_none(edited, n):
    assert edited("n", n).startswith(f"scores.csv:5: n is '{n}'; write a whole number")


@pytest.mark.parametrize(
    ("column", "content", "said"),
    [
        ("value", "good", "value is 'good'; write a number"),
        ("value", "0_1", "value is '0_1'; write a number"),
        ("value", "", "no score (NaN) for small"),
        ("value", "nan", "no score (NaN) for small"),
        ("value", "inf", "value outside 0..1 for small"),
        ("value", "1" * 5_000, "value outside 0..1 for small"),
        ("language", "", "column language has an empty field"),
    ],
)
def test_fault_of_a_file_names_its_line(edited, column, content, said):
    assert edited(column, content).startswith(f"scores.csv:5: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "x.csv: empty"),
        (b"a,a\n1,2\n", "x.csv:1: column 'a' occurs twice"),
        (b"a,b\n1\n", "x.csv:2: 1 fields, but the header has 2"),
        (b"a,b\n1,2,3\n", "x.csv:2: 3 fields, but the header has 2"),
        (b'a,b\n1,"2\n', "x.csv:2: not CSV (unexpected end of data)"),
        (b"a,b\n1,\xff\n", "x.csv:2: not UTF-8"),
        (b"a,b\n1,2\n" + b"3" * 200_000 + b",4\n", "x.csv:3: not CSV (field larger than field limit"),
        (b"a,b\n1,2\n", "x.csv: no column experiment"),
    ],
)
def test_file_that_is_no_table_of_scores(tmp_path, text, said):
    (tmp_path / "x.csv").write_bytes(text)
    with pytest.raises(InputError) as caught:
        read_scores(tmp_path / "x.csv")
    assert str(caught.value).startswith(f"{tmp_path}/{said}")


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
