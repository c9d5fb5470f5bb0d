import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignfreeze.languages.uriel import (
    DISTANCES,
    language_table,
    observed_features,
    only_imputed,
    read_languages,
    uriel_distances,
)
from alignfreeze.support.errors import InputError

CODES = list(read_languages().index)


def test_thirty_five_languages_all_text():
    facts = read_languages()
    assert len(facts) == 35
    assert facts.index.is_unique
    assert "no" in facts.index
    assert all(isinstance(value, str) and value for value in [*facts.index, *facts.to_numpy().ravel()])


def test_table_leaves_the_source_out_and_has_no_gap():
    table = language_table("en")
    assert len(table) == 34
    assert "en" not in set(table["language"])
    assert table[list(DISTANCES)].notna().all().all()
    assert table[list(DISTANCES)].to_numpy().min() >= 0
    assert table[list(DISTANCES)].to_numpy().max() <= 1
    nonlatin = {"ar", "bg", "el", "fa", "he", "hi", "ja", "ko", "ru", "ta", "th", "uk", "zh"}
    assert set(table.loc[table["nonlatin"] == 1, "language"]) == nonlatin


def test_known_facts():
    table = language_table("en").set_index("language")
    assert table.loc["de", "same_genus"] == 1
    assert table.loc["fi", "same_family"] == 0
    assert table.loc["ru", "same_script"] == 0
    # No shared node of the family tree with English.
    assert table.loc["th", "genetic"] == 1.0
    # London to Bangkok is about 9,500 km of the 20,000 that are half the circumference.
    assert table.loc["th", "geographic"] == pytest.approx(0.475, abs=0.01)


def test_norwegian_has_a_family_vector():
    assert uriel_distances("en", ["no"]).loc["no", "genetic"] == pytest.approx(1 - 3 / np.sqrt(9 * 5), abs=1e-9)


@settings(max_examples=15)
@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_distances_are_symmetric_and_zero_to_itself(left, right):
    there, back = uriel_distances(left, [right]), uriel_distances(right, [left])
    np.testing.assert_allclose(there.to_numpy(), back.to_numpy(), atol=1e-12)
    np.testing.assert_allclose(uriel_distances(left, [left]).to_numpy(), 0.0, atol=1e-6)


def test_any_source_language():
    table = language_table("ja", ["ko", "en"])
    assert list(table["language"]) == ["en", "ko"]
    assert table.set_index("language").loc["ko", "geographic"] < table.set_index("language").loc["en", "geographic"]


def test_imputed_languages_are_named():
    assert only_imputed(CODES) == ["sk"]
    assert observed_features(["en"]).loc["en", "observed_syntactic"] == 103
    table = language_table("en").set_index("language")
    assert table.loc["sk", "imputed"] == "syntactic phonological inventory"
    assert table.loc["de", "imputed"] == ""


def test_unknown_language_is_named():
    with pytest.raises(InputError, match=r"languages\.tsv: no language qq, sw"):
        language_table("en", ["sw", "qq", "de"])


def test_lang2vec_is_not_imported():
    code = """
import sys, alignfreeze.languages.uriel as l
l.language_table('en', ['de'])
assert 'lang2vec' not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
