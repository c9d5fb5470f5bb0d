"""Facts about the languages: names, families, scripts, and URIEL distances to any source language.

Families, genera and scripts are in `languages.tsv` beside this module (genera after WALS, families after
WALS and Glottolog). The typological vectors are URIEL's (Littell et al. 2017, EACL), read from the arrays in
the lang2vec wheel; that package is located but never imported, because it does not import under current
setuptools.

The column `uriel` is the code under which URIEL knows the language: the individual language where ISO 639-3 has
a macrolanguage (Standard Arabic, Iranian Persian, Mandarin, Bokmål). `uriel_family` differs for Norwegian alone,
whose family vector is empty under `nob` and `nno` and filled under `nor`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path

import numpy as np
import pandas as pd

from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)

LANGUAGES_PATH = Path(__file__).with_name("languages.tsv")
KNN_PREFIXES = {"syntactic": "S_", "phonological": "P_", "inventory": "INV_", "featural": ""}
DISTANCES = ("syntactic", "phonological", "inventory", "genetic", "geographic", "featural")


@lru_cache(maxsize=1)
def _languages() -> pd.DataFrame:
    return pd.read_csv(LANGUAGES_PATH, sep="\t", dtype=str, keep_default_na=False).set_index("code")


def read_languages() -> pd.DataFrame:
    """Return the language facts, one row per language, indexed by code (`no` stays text).

    Returns
    -------
    pandas.DataFrame
        Columns name, iso639_3, uriel, uriel_family, family, genus, script; all str.
    """
    return _languages().copy()


def _check_codes(codes: Sequence[str]) -> None:
    unknown = sorted(set(codes) - set(_languages().index))
    if unknown:
        raise InputError(f"{LANGUAGES_PATH.name}: no language {', '.join(unknown)}; add a row for each")


def uriel_folder() -> Path:
    """Locate the arrays inside the installed lang2vec wheel, without importing the package."""
    specification = util.find_spec("lang2vec")
    if specification is None or specification.origin is None:
        raise InputError("lang2vec is not installed; its arrays hold URIEL: pip install lang2vec==1.1.2")
    folder = Path(specification.origin).parent / "data"
    if not (folder / "feature_predictions.npz").is_file():
        version = metadata.version("lang2vec")
        raise InputError(f"{folder}: no URIEL arrays in lang2vec {version}; install lang2vec==1.1.2")
    return folder


@lru_cache(maxsize=4)
def _uriel_array(name: str) -> tuple[dict[str, int], np.ndarray, np.ndarray]:
    """Return (row of each language, feature names, values (languages, features, sources)).

    Every array has its own order of languages, so rows are always found by code.
    """
    with np.load(uriel_folder() / f"{name}.npz", allow_pickle=False) as archive:
        rows = {str(code): row for row, code in enumerate(archive["langs"])}
        return rows, archive["feats"].astype(str), archive["data"]


@lru_cache(maxsize=256)
def _uriel_vector(name: str, code: str) -> np.ndarray:
    rows, _, values = _uriel_array(name)
    if code not in rows:
        raise InputError(f"URIEL {name}: no language {code}; check the uriel column of {LANGUAGES_PATH.name}")
    return values[rows[code], :, 0].astype(np.float64)


def _cosine_distance(left: np.ndarray, right: np.ndarray) -> float:
    """Return 1 - cosine, NaN if a vector is all zero (nothing is known, which is not 'far away')."""
    norms = np.sqrt((left @ left) * (right @ right))
    # Rounding makes languages with equal vectors tie exactly, whatever the order of summation.
    return float(np.round(1.0 - left @ right / norms, 12)) if norms > 0 else float("nan")


@lru_cache(maxsize=256)
def _position(code: str) -> np.ndarray:
    """Return the unit vector (3,) of a language's place on the globe.

    URIEL stores no coordinates but the great-circle distance, as a fraction of half the circumference, to each
    of 299 points. The cosine of the angle to a point is linear in the unit vector: least squares inverts it.
    """
    _, names, _ = _uriel_array("geocoord_features")
    grid = np.radians([[float(part) for part in name.split("_")[1:]] for name in names])  # (299, 2) lat, lon
    latitude, longitude = grid[:, 0], grid[:, 1]
    points = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )
    cosines = np.cos(np.pi * _uriel_vector("geocoord_features", code))
    position = np.linalg.lstsq(points, cosines, rcond=None)[0]
    return position / np.linalg.norm(position)


def _geographic_distance(left: str, right: str) -> float:
    """Return the great-circle distance as a fraction of half the Earth's circumference."""
    cosine = np.clip(_position(left) @ _position(right), -1.0, 1.0)
    return float(np.round(np.arccos(cosine) / np.pi, 12))


def uriel_distances(source: str, languages: Sequence[str]) -> pd.DataFrame:
    """Return the URIEL distances of `languages` to `source`.

    Parameters
    ----------
    source : code of the source language, such as `en`.
    languages : codes of the target languages.

    Returns
    -------
    pandas.DataFrame
        Indexed by code; columns `DISTANCES`, each between 0 and 1: cosine distance on the kNN-completed syntactic,
        phonological, inventory and joint (featural) vectors and on the family vector (genetic); great-circle
        distance over half the circumference (geographic). NaN where URIEL knows nothing.
    """
    _check_codes([source, *languages])
    facts = _languages()
    _, names, _ = _uriel_array("feature_predictions")
    rows = []
    for code in languages:
        left, right = facts.loc[code], facts.loc[source]
        vectors = [_uriel_vector("feature_predictions", row["uriel"]) for row in (left, right)]
        row = {}
        for kind, prefix in KNN_PREFIXES.items():
            chosen = np.char.startswith(names, prefix)
            row[kind] = _cosine_distance(vectors[0][chosen], vectors[1][chosen])
        families = [_uriel_vector("family_features", row["uriel_family"]) for row in (left, right)]
        row["genetic"] = _cosine_distance(*families)
        row["geographic"] = _geographic_distance(left["uriel"], right["uriel"])
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(languages, name="language"), columns=list(DISTANCES), dtype=float)


def observed_features(languages: Sequence[str]) -> pd.DataFrame:
    """Count, for each language, the URIEL features that any source observed; the rest are imputed by kNN.

    Returns
    -------
    pandas.DataFrame
        Indexed by code; columns observed_syntactic (of 103), observed_phonological (of 28) and
        observed_inventory (of 158).
    """
    _check_codes(languages)
    facts = _languages()
    rows, names, values = _uriel_array("features")
    table = {}
    for kind in ("syntactic", "phonological", "inventory"):
        chosen = np.char.startswith(names, KNN_PREFIXES[kind])
        # -1 is URIEL's mark for a feature that a source does not know.
        table[f"observed_{kind}"] = [
            int((values[rows[facts.loc[code, "uriel"]]][chosen] != -1).any(axis=1).sum()) for code in languages
        ]
    return pd.DataFrame(table, index=pd.Index(languages, name="language"))


def only_imputed(languages: Sequence[str]) -> list[str]:
    """Return the languages of which URIEL observed no feature at all, so that every value is imputed."""
    counts = observed_features(languages)
    return [code for code in languages if counts.loc[code].sum() == 0]


def language_table(source: str = "en", languages: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the facts and distances of languages, the table of predictors of the analysis.

    Parameters
    ----------
    source : code of the language that distances are measured from.
    languages : codes; all known languages but the source by default.

    Returns
    -------
    pandas.DataFrame
        One row per language, sorted by code: language, name, iso639_3, uriel, family, genus, script, source,
        same_script, same_family, same_genus (0 or 1, compared with the source), nonlatin (0 or 1), the six
        distances (0..1), the three counts of observed features, and imputed, which names the kinds of
        features that are imputed throughout.
    """
    facts = _languages()
    codes = sorted(languages) if languages is not None else sorted(set(facts.index) - {source})
    _check_codes([source, *codes])
    table = facts.loc[codes, ["name", "iso639_3", "uriel", "family", "genus", "script"]].copy()
    table.insert(len(table.columns), "source", source)
    for kind in ("script", "family", "genus"):
        table[f"same_{kind}"] = (table[kind] == facts.loc[source, kind]).astype(int)
    table["nonlatin"] = (table["script"] != "Latin").astype(int)
    counts = observed_features(codes)
    table = table.join(uriel_distances(source, codes)).join(counts)
    table["imputed"] = [
        " ".join(kind.removeprefix("observed_") for kind in counts.columns if counts.loc[code, kind] == 0)
        for code in codes
    ]
    return table.rename_axis("language").reset_index()
