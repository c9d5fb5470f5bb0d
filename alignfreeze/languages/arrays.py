"""URIEL's arrays (Littell et al. 2017, EACL), read from the lang2vec wheel.

That package is located but never imported: it does not import under current setuptools.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from alignfreeze.support.errors import InputError

FAMILY_PREFIX = "F_"


def uriel_folder() -> Path:
    """Locate the arrays among the files of the installed lang2vec wheel, without importing the package.

    Not by its import: the wheel also puts a script `lang2vec.py` beside the command `snakemake`, and Python looks there
    first.
    """
    try:
        wheel = metadata.distribution("lang2vec")
    except metadata.PackageNotFoundError:
        raise InputError("lang2vec is not installed; its arrays hold URIEL: pip install lang2vec==1.1.2") from None
    folder = Path(str(wheel.locate_file("lang2vec/data")))
    if not (folder / "feature_predictions.npz").is_file():
        raise InputError(f"{folder}: no URIEL arrays in lang2vec {wheel.version}; install lang2vec==1.1.2")
    return folder


@lru_cache(maxsize=4)
def uriel_array(name: str) -> tuple[dict[str, int], np.ndarray, np.ndarray]:
    """Read an array of URIEL; each is read once.

    Every array has its own order of languages, so rows are always found by code.

    Parameters
    ----------
    name : str
        Name of the array's file, such as `features`, `feature_predictions` or `family_features`.

    Returns
    -------
    rows : dict from str to int
        Row of each language, by ISO 639-3 code.
    features : numpy.ndarray
        (features,), their names.
    values : numpy.ndarray
        (languages, features, sources).

    Raises
    ------
    InputError
        See `uriel_folder`.
    """
    with np.load(uriel_folder() / f"{name}.npz", allow_pickle=False) as archive:
        rows = {str(code): row for row, code in enumerate(archive["langs"])}
        return rows, archive["feats"].astype(str), archive["data"]


@lru_cache(maxsize=512)
def uriel_vector(name: str, code: str) -> np.ndarray | None:
    """Return a language's vector (features,) in float64, None where URIEL has no such language.

    Parameters
    ----------
    name : str
        See `uriel_array`.
    code : str
        ISO 639-3 code under which URIEL keeps the language.

    Returns
    -------
    numpy.ndarray or None
        (features,) float64, from the first source of the array.
    """
    rows, _, values = uriel_array(name)
    return values[rows[code], :, 0].astype(np.float64) if code in rows else None


def uriel_codes() -> frozenset[str]:
    """Return the ISO 639-3 codes that URIEL knows."""
    return _codes()


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(uriel_array("family_features")[0])


@lru_cache(maxsize=512)
def family_path(code: str) -> list[str]:
    """Return the nodes of the family tree above a language, root first; empty where URIEL knows none.

    Parameters
    ----------
    code : str
        ISO 639-3 code under which URIEL keeps the language.

    Returns
    -------
    list of str
        Names of the nodes.
    """
    vector = uriel_vector("family_features", code)
    if vector is None:
        return []
    _, names, _ = uriel_array("family_features")
    return [str(names[place]).removeprefix(FAMILY_PREFIX) for place in np.flatnonzero(vector)]
