"""URIEL distances of languages to any source language, and which features URIEL only imputed.

Distances are computed from URIEL's vectors (Littell et al. 2017, EACL) as they lie in the lang2vec wheel (arrays.py).
Which code URIEL knows a language by is in registry.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from alignfreeze.languages.arrays import uriel_array, uriel_vector
from alignfreeze.languages.registry import OwnFacts, facts_table, paper_languages

KNN_PREFIXES = {"syntactic": "S_", "phonological": "P_", "inventory": "INV_", "featural": ""}
DISTANCES = ("syntactic", "phonological", "inventory", "genetic", "geographic", "featural")


def _cosine_distance(left: np.ndarray | None, right: np.ndarray | None) -> float:
    """Return 1 - cosine, NaN if a vector is missing or all zero (nothing is known, which is not 'far away')."""
    if left is None or right is None:
        return float("nan")
    norms = np.sqrt((left @ left) * (right @ right))
    # Rounding makes languages with equal vectors tie exactly, whatever the order of summation.
    return float(np.round(1.0 - left @ right / norms, 12)) if norms > 0 else float("nan")


@lru_cache(maxsize=512)
def position(code: str) -> tuple[float, float, float] | None:
    """Return the unit vector of a language's place on the globe, by URIEL's code; None where URIEL knows no place.

    URIEL stores no coordinates but the great-circle distance, as a fraction of half the circumference, to each
    of 299 points. The cosine of the angle to a point is linear in the unit vector: least squares inverts it.

    Parameters
    ----------
    code : str
        ISO 639-3 code under which URIEL keeps the language.

    Returns
    -------
    tuple of 3 float, or None
        Of length 1: the x axis points to latitude 0 and longitude 0, the z axis to the north pole.
    """
    distances = uriel_vector("geocoord_features", code)
    if distances is None or not distances.any():
        return None
    _, names, _ = uriel_array("geocoord_features")
    grid = np.radians([[float(part) for part in name.split("_")[1:]] for name in names])  # (299, 2) lat, lon
    latitude, longitude = grid[:, 0], grid[:, 1]
    points = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )
    vector = np.linalg.lstsq(points, np.cos(np.pi * distances), rcond=None)[0]
    vector /= np.linalg.norm(vector)
    return float(vector[0]), float(vector[1]), float(vector[2])


def coordinates(code: str) -> tuple[float, float]:
    """Return latitude and longitude in degrees of a language's place, by URIEL's code; NaN where it knows none.

    Parameters
    ----------
    code : str
        ISO 639-3 code under which URIEL keeps the language.

    Returns
    -------
    latitude, longitude : float
        Degrees, -90 to 90 and -180 to 180.
    """
    place = position(code)
    if place is None:
        return float("nan"), float("nan")
    x, y, z = place
    return float(np.degrees(np.arcsin(np.clip(z, -1.0, 1.0)))), float(np.degrees(np.arctan2(y, x)))


def _geographic_distance(left: str, right: str) -> float:
    """Return the great-circle distance as a fraction of half the Earth's circumference."""
    places = position(left), position(right)
    if places[0] is None or places[1] is None:
        return float("nan")
    cosine = np.clip(np.asarray(places[0]) @ np.asarray(places[1]), -1.0, 1.0)
    return float(np.round(np.arccos(cosine) / np.pi, 12))


def uriel_distances(source: str, languages: Sequence[str], own: OwnFacts | None = None) -> pd.DataFrame:
    """Return the URIEL distances of `languages` to `source`.

    Parameters
    ----------
    source : str
        Code of the source language, such as `en`.
    languages : sequence of str
        Codes of the target languages.
    own : mapping, optional
        The user's own facts by code; see `alignfreeze.languages.registry.read_table`.

    Returns
    -------
    pandas.DataFrame
        Indexed by code; columns `DISTANCES`, each between 0 and 1: cosine distance on the kNN-completed syntactic,
        phonological, inventory and joint (featural) vectors and on the family vector (genetic); great-circle
        distance over half the circumference (geographic). NaN where URIEL knows nothing.
    """
    facts = facts_table([source, *languages], own).groupby(level=0).first()
    _, names, _ = uriel_array("feature_predictions")
    rows = []
    for code in languages:
        left, right = facts.loc[code], facts.loc[source]
        vectors = [uriel_vector("feature_predictions", side["uriel"]) for side in (left, right)]
        row = {}
        for kind, prefix in KNN_PREFIXES.items():
            chosen = np.char.startswith(names, prefix)
            row[kind] = _cosine_distance(*(None if vector is None else vector[chosen] for vector in vectors))
        row["genetic"] = _cosine_distance(
            *(uriel_vector("family_features", side["uriel_family"]) for side in (left, right))
        )
        row["geographic"] = _geographic_distance(left["uriel"], right["uriel"])
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(languages, name="language"), columns=list(DISTANCES), dtype=float)


def observed_features(languages: Sequence[str], own: OwnFacts | None = None) -> pd.DataFrame:
    """Count, for each language, the URIEL features that any source observed; the rest are imputed by kNN.

    Parameters
    ----------
    languages : sequence of str
        Codes of the languages; see `facts_of`.
    own : mapping, optional
        The user's own facts by code; see `alignfreeze.languages.registry.read_table`.

    Returns
    -------
    pandas.DataFrame
        Indexed by code; columns observed_syntactic (of 103), observed_phonological (of 28) and
        observed_inventory (of 158).
    """
    codes = list(facts_table(languages, own)["uriel"])
    rows, names, values = uriel_array("features")
    table = {}
    for kind in ("syntactic", "phonological", "inventory"):
        chosen = np.char.startswith(names, KNN_PREFIXES[kind])
        # -1 is URIEL's mark for a feature that a source does not know.
        table[f"observed_{kind}"] = [
            int((values[rows[code]][chosen] != -1).any(axis=1).sum()) if code in rows else 0 for code in codes
        ]
    return pd.DataFrame(table, index=pd.Index(languages, name="language"))


def language_table(
    source: str = "en", languages: Sequence[str] | None = None, own: OwnFacts | None = None
) -> pd.DataFrame:
    """Return the facts and distances of languages, the table of predictors of the analysis.

    Parameters
    ----------
    source : str
        Code of the language that distances are measured from.
    languages : sequence of str, optional
        Codes; the paper's languages but the source by default.
    own : mapping, optional
        The user's own facts by code; see `alignfreeze.languages.registry.read_table`.

    Returns
    -------
    pandas.DataFrame
        One row per language, sorted by code: language, name, iso639_3, uriel, family, genus, script, source,
        same_script, same_family, same_genus (0 or 1, compared with the source; NaN where either is unknown),
        nonlatin (0 or 1), the six
        distances (0..1), the three counts of observed features, and imputed, which names the kinds of
        features that are imputed throughout.
    """
    codes = sorted(languages if languages is not None else set(paper_languages()) - {source})
    facts = facts_table([source, *(code for code in codes if code != source)], own)
    table = facts.loc[codes, ["name", "iso639_3", "uriel", "family", "genus", "script"]].copy()
    table.insert(len(table.columns), "source", source)
    for kind in ("script", "family", "genus"):
        known = (table[kind] != "") & (facts.loc[source, kind] != "")
        same = (table[kind] == facts.loc[source, kind]).astype(int)
        table[f"same_{kind}"] = same if known.all() else same.where(known)
    table["nonlatin"] = (table["script"] != "Latin").astype(int)
    if (table["script"] == "").any():
        table["nonlatin"] = table["nonlatin"].where(table["script"] != "")
    counts = observed_features(codes, own)
    table = table.join(uriel_distances(source, codes, own)).join(counts)
    table["imputed"] = [
        " ".join(kind.removeprefix("observed_") for kind in counts.columns if counts.loc[code, kind] == 0)
        for code in codes
    ]
    return table.rename_axis("language").reset_index()
