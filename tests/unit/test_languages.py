import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignfreeze.languages.arrays import family_path, uriel_codes
from alignfreeze.languages.registry import (
    LANGUAGES_PATH,
    canonical,
    facts_of,
    facts_table,
    is_known,
    paper_languages,
    read_table,
)
from alignfreeze.languages.uriel import (
    DISTANCES,
    coordinates,
    language_table,
    observed_features,
    uriel_distances,
)
from alignfreeze.support.errors import InputError

CODES = paper_languages()


def test_thirty_five_languages_all_text():
    facts = facts_table(CODES)
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
    counts = observed_features(CODES).sum(axis=1)
    assert list(counts.index[counts == 0]) == ["sk"]
    assert observed_features(["en"]).loc["en", "observed_syntactic"] == 103
    table = language_table("en").set_index("language")
    assert table.loc["sk", "imputed"] == "syntactic phonological inventory"
    assert table.loc["de", "imputed"] == ""


def test_unknown_language_is_named_with_a_suggestion():
    with pytest.raises(InputError, match="no language 'qqq'; give an ISO 639 code"):
        language_table("en", ["sw", "qqq", "de"])
    with pytest.raises(InputError, match=r"no language 'Swahili' \(did you mean sw\?\)"):
        facts_of("Swahili")
    for code in ("x-private", "und", "zxx", "qaa", "123", ""):
        with pytest.raises(InputError, match=f"no language {code!r}; give an ISO 639 code"):
            facts_of(code)


def test_one_spelling_of_each_language():
    same = [("sw", "swa", "swh", "SW"), ("tl", "tgl"), ("sh", "hbs"), ("zh", "zho", "cmn"), ("ar", "arb", "ara")]
    same += [("he", "iw"), ("id", "in"), ("fil",), ("swc",), ("sr",), ("sr-Latn",), ("zh-Hant",), ("fa",), ("prs",)]
    found = [{canonical(code) for code in codes} for codes in same]
    assert all(len(spellings) == 1 for spellings in found), found
    assert len(set.union(*found)) == len(same)


# Code -> name, URIEL's code, its code for the family vector, family, genus, script: from ISO 639-3, Glottolog and CLDR.
KNOWN = {
    "sw": ("Swahili", "swh", "swh", "Atlantic-Congo", "Bantu", "Latin"),
    "swh": ("Swahili", "swh", "swh", "Atlantic-Congo", "Bantu", "Latin"),
    "yo": ("Yoruba", "yor", "yor", "Atlantic-Congo", "Defoid", "Latin"),
    "ha": ("Hausa", "hau", "hau", "Afro-Asiatic", "West Chadic", "Latin"),
    "nl": ("Dutch", "nld", "nld", "Indo-European", "Germanic", "Latin"),
    "et": ("Estonian", "est", "est", "Uralic", "Finnic", "Latin"),
    "ur": ("Urdu", "urd", "urd", "Indo-European", "Indic", "Arabic"),
    "sr": ("Serbian", "srp", "srp", "Indo-European", "Slavic", "Cyrillic"),
    "sr-Latn": ("Serbian (Latin)", "srp", "srp", "Indo-European", "Slavic", "Latin"),
    "pt-BR": ("Portuguese", "por", "por", "Indo-European", "Romance", "Latin"),
    "arb": ("Standard Arabic", "arb", "arb", "Afro-Asiatic", "Semitic", "Arabic"),
    "nb": ("Norwegian Bokmål", "nob", "nor", "Indo-European", "Germanic", "Latin"),
    "nno": ("Norwegian Nynorsk", "nno", "nor", "Indo-European", "Germanic", "Latin"),
    "nan": ("Min Nan Chinese", "nan", "nan", "Sino-Tibetan", "Sinitic", "Han"),
    "tw": ("Twi", "twi", "aka", "Atlantic-Congo", "Kwa", "Latin"),
    "sq": ("Albanian", "als", "als", "Indo-European", "Albanian", "Latin"),
    "tl": ("Tagalog", "tgl", "tgl", "Austronesian", "Greater Central Philippine", "Latin"),  # no Filipino
    "fil": ("Filipino", "fil", "fil", "Austronesian", "Greater Central Philippine", "Latin"),
    "prs": ("Dari", "prs", "prs", "Indo-European", "Iranian", "Arabic"),  # no Persian
    "sh": ("Serbo-Croatian (Latin)", "hbs", "hbs", "Indo-European", "Slavic", "Latin"),
    "iw": ("Hebrew", "heb", "heb", "Afro-Asiatic", "Semitic", "Hebrew"),
    "in": ("Indonesian", "ind", "ind", "Austronesian", "Malayo-Sumbawan", "Latin"),
    "no": ("Norwegian", "nob", "nor", "Indo-European", "Germanic", "Latin"),
    "ara": ("Arabic", "arb", "arb", "Afro-Asiatic", "Semitic", "Arabic"),
    "cmn": ("Mandarin Chinese", "cmn", "cmn", "Sino-Tibetan", "Sinitic", "Han"),
    "yue": ("Cantonese", "yue", "yue", "Sino-Tibetan", "Sinitic", "Han"),
    "zh-Hant": ("Chinese (Traditional)", "cmn", "cmn", "Sino-Tibetan", "Sinitic", "Han"),
    "tlh": ("Klingon", "tlh", "", "", "", ""),
    "eu": ("Basque", "eus", "", "", "", "Latin"),  # URIEL has no family of an isolate
    "ain": ("Ainu", "ain", "ain", "Ainu", "Ainu", ""),  # CLDR knows no script
}


@pytest.mark.parametrize("code", KNOWN)
def test_facts_of_languages_beyond_the_paper(code):
    facts = facts_of(code)
    assert (facts.name, facts.uriel, facts.uriel_family, facts.family, facts.genus, facts.script) == KNOWN[code]


def test_every_language_of_uriel_is_known():
    assert len(uriel_codes()) == 7970
    no_languages = {"und", "mul", "mis", "zxx"}  # ISO 639's marks: undetermined, several, uncoded, none
    assert not any(is_known(code) for code in no_languages)
    codes = sorted(uriel_codes() - no_languages)
    lost = [code for code in codes if not is_known(code)]
    assert not lost
    # Its own row, or the one that the table of macrolanguages names; two codes are those of other standards.
    table = LANGUAGES_PATH.with_name("macrolanguages.tsv").read_text(encoding="utf-8")
    rows = dict(line.split("\t")[:2] for line in table.splitlines()[1:])
    other = [code for code in codes if facts_of(code).uriel != rows.get(code, code)]
    assert other == ["alb", "gre"]
    assert not is_known("qqq")
    assert not is_known("../x")


def test_derived_facts_of_the_papers_languages_agree_with_their_table():
    """By their ISO 639-3 codes they go through URIEL; families and genera must be those of WALS in the table."""
    from alignfreeze.languages.registry import _classification

    for code in CODES:
        facts = facts_of(code)
        family, genus = _classification(family_path(facts.uriel_family))
        assert family == facts.family
        assert genus == facts.genus or code == "hu", code  # Glottolog has no Ugric


def test_what_is_unknown_is_missing_and_not_a_number():
    table = language_table("en", ["eu", "ain", "sw"]).set_index("language")
    assert np.isnan(table.loc["eu", "genetic"])
    assert np.isnan(table.loc["eu", "same_family"])
    assert table.loc["sw", "same_family"] == 0
    assert np.isnan(table.loc["ain", "same_script"])
    assert table.loc["ain", "imputed"] == ""


def test_places_on_the_map():
    for code, place in {"deu": (48.6, 12.5), "jpn": (35.0, 135.0), "swh": (-8.2, 37.6)}.items():
        assert coordinates(code) == pytest.approx(place, abs=0.1)


def test_a_users_table_adds_and_overrides(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("code\tname\turiel\tscript\nde-BAR\tBavarian\tbar\t\nmine\tMine\t\tTengwar\nsw\tKiswahili\t\t\n")
    own = read_table(path)
    assert facts_of("de-BAR", own).family == "Indo-European"
    assert facts_of("sw", own).name == "Kiswahili"
    assert facts_of("sw", own).uriel == "swh"
    table = language_table("en", ["mine", "de-BAR", "sw"], own).set_index("language")
    assert np.isnan(table.loc["mine", list(DISTANCES)].astype(float)).all()
    assert table.loc["mine", "imputed"] == "syntactic phonological inventory"
    assert table.loc["de-BAR", "genetic"] < 1
    path.write_text("code\turiel\nx\tdeu\nx\tdeu\n")
    with pytest.raises(InputError, match="own.tsv:3: code 'x' is empty or stands twice"):
        read_table(path)
    path.write_text("code\tcolour\nx\tred\n")
    with pytest.raises(InputError, match="own.tsv:1: columns"):
        read_table(path)
    with pytest.raises(InputError, match="URIEL has no 'xyz9'"):
        facts_of("x", {"x": {"uriel": "xyz9"}})


def test_macrolanguages_lose_no_observed_feature_but_the_papers():
    import csv

    from alignfreeze.languages.registry import LANGUAGES_PATH

    with LANGUAGES_PATH.with_name("macrolanguages.tsv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    paper = {"ara", "fas", "nor", "zho"}
    for row in rows:
        if row["macrolanguage"] in uriel_codes() and row["macrolanguage"] not in paper:
            own, chosen = (_observed(row[key]) for key in ("macrolanguage", "uriel"))
            assert chosen >= own, row


def _observed(code):
    from alignfreeze.languages.arrays import uriel_array

    rows, _, values = uriel_array("features")
    return int((values[rows[code]] != -1).any(axis=1).sum())


def test_lang2vec_is_not_imported():
    code = """
import sys, alignfreeze.languages.uriel as l
l.language_table('en', ['de'])
assert 'lang2vec' not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_arrays_are_found_beside_a_script_of_the_same_name(tmp_path):
    """Run as the command, `snakemake` looks first in the folder of its commands, where the wheel puts lang2vec.py."""
    (tmp_path / "lang2vec.py").write_text("raise AssertionError('imported')")
    (tmp_path / "command.py").write_text(
        "from alignfreeze.languages.uriel import language_table; print(len(language_table('en', ['de'])))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(tmp_path / "command.py")]
    found = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert found.stdout.strip() == "1"
