"""Fetch public artefacts: files by HTTP, datasets and models from the Hugging Face hub.

Only data is fetched (text, Parquet, JSON, safetensors): nothing is executed or unpickled. A failure that may be gone a
moment later (a busy server, a broken connection) is tried again; any other (no such file, no permission, a full disk)
is reported at once, in one line.

`datasets.load_dataset` would fetch and convert in one call, into a cache of its own: the SHA-256 of the files that
arrived, which the lock file pins, cannot be seen there, and its Arrow files differ from version to version. So the
hub's files are fetched by huggingface_hub, at one commit, and `alignfreeze.sources.hub` reads them with datasets
afterwards.
"""

from __future__ import annotations

import errno
import functools
import glob
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pooch
import requests

from alignfreeze.sources.formats import CONVERTED
from alignfreeze.sources.lock import ResourcesLock
from alignfreeze.support.atomic import atomic_directory, atomic_file
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)

GITHUB = "https://raw.githubusercontent.com"
# Each may be replaced by a mirror through the environment, as HF_ENDPOINT does for the hub.
UD_ENDPOINT = f"{GITHUB}/UniversalDependencies"
MUSE_ENDPOINT = "https://dl.fbaipublicfiles.com/arrival/dictionaries"
ATTEMPTS = 5
WAIT = 1.0  # seconds before the second attempt; doubled for each further one
TIMEOUT = 30.0  # seconds without a byte
MODEL_FILES = re.compile(r"[^/]+\.(json|safetensors|txt|model)")
CHUNK = 2**20  # bytes written at a time
PASSING = (408, 425, 429, 500, 502, 503, 504)
# Local file errors and the advice that goes with them; errors of the network come wrapped, without a number.
_NO_PERMISSION = "get write permission, or run in another folder"
LOCAL = {
    errno.ENOSPC: "make room, then run again",
    errno.EDQUOT: "make room in your quota, then run again",
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: "run in a folder that can be written",
}


class _MayPassError(Exception):
    """An attempt failed for a reason that may be gone a moment later."""


def _persist(what: str, attempt: Callable[[], None]) -> None:
    """Try up to `ATTEMPTS` times, waiting longer each time."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except _MayPassError as error:
            reason = " ".join(str(error).split())
            if number == ATTEMPTS:
                raise InputError(
                    f"{what}: {reason}; gave up after {ATTEMPTS} attempts; run again when the network is back"
                ) from error
            logger.warning("%s: %s; trying again", what, reason)
            time.sleep(WAIT * 2 ** (number - 1))
    raise AssertionError("unreachable: the last attempt returns or raises")


def _is_local(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in LOCAL


@contextmanager
def _writing(destination: str | Path) -> Iterator[None]:
    """Report in one line what keeps this machine from writing an artefact."""
    try:
        yield
    except OSError as error:
        if error.errno not in LOCAL:
            raise
        place = f" ({error.filename})" if error.filename else ""
        raise InputError(f"{destination}: {os.strerror(error.errno)}{place}; {LOCAL[error.errno]}") from error


def _download(url: str, destination: Path) -> None:
    """Write what a URL holds, whole, or raise."""
    try:
        pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=CHUNK)(url, destination, None)
    except requests.HTTPError as error:
        answer = error.response
        said = f"the server says {answer.status_code} {answer.reason}" if answer is not None else str(error)
        if answer is not None and answer.status_code in PASSING:
            raise _MayPassError(said) from error
        raise InputError(f"{url}: {said}; check the names and the release in the configuration") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise _MayPassError(f"the connection broke off after {destination.stat().st_size} bytes") from error
    except requests.RequestException as error:
        raise _MayPassError(str(error) or type(error).__name__) from error


def fetch_file(url: str, revision: str, key: str, destination: str | Path, lock: ResourcesLock) -> None:
    """Fetch one file, compare it with the lock and write it whole or not at all.

    Parameters
    ----------
    url : str
        Where it is.
    revision : str
        What pins it at its source.
    key : str
        Name of the artefact in the lock file.
    destination : str or Path
        Path of the file.
    lock : ResourcesLock
        The lock file.

    Raises
    ------
    InputError
        The file cannot be fetched or written, or is not the locked one.
    """
    with _writing(destination), atomic_file(destination) as temporary:
        _persist(url, lambda: _download(url, temporary))
        lock.verify_or_add(key, {Path(destination).name: file_checksum(temporary)}, url, revision)


def fetch_published(
    repository: str, commit: str, folder: str, files: Mapping[str, str], destination: str | Path
) -> None:
    """Fetch pinned files of a GitHub repository, verify each and write it whole or not at all.

    Parameters
    ----------
    repository : str
        `owner/name`.
    commit : str
        Hash of the commit, or the start of it.
    folder : str
        Folder of the files inside the repository.
    files : mapping from str to str
        SHA-256 by file name.
    destination : str or Path
        Local folder.

    Raises
    ------
    InputError
        A file cannot be fetched or written, or is not the pinned one.
    """
    for name, pinned in files.items():
        url = f"{GITHUB}/{repository}/{commit}/{folder}/{name}"
        with _writing(destination), atomic_file(Path(destination) / name) as temporary:
            try:
                _persist(url, functools.partial(_download, url, temporary))
            except InputError as error:
                raise InputError(f"{error}; or set published_source to a folder with the files") from error
            if (found := file_checksum(temporary)) != pinned:
                raise InputError(f"{url}: SHA-256 is {found}, expected {pinned}; the file is not the pinned one")
        logger.info("%s: as pinned", name)


def treebank_url(release: str, treebank: str, file: str) -> str:
    """Raw file of a treebank's official repository at a release tag.

    Parameters
    ----------
    release : str
        Tag of the release, such as r2.15.
    treebank : str
        Repository, such as UD_German-GSD.
    file : str
        Name of the file in it.

    Returns
    -------
    str
        The server is that of the environment variable UD_ENDPOINT, if it is set.
    """
    return f"{os.getenv('UD_ENDPOINT', UD_ENDPOINT).rstrip('/')}/{treebank}/{release}/{file}"


def dictionary_url(file: str) -> str:
    """Dictionary on MUSE's server.

    Parameters
    ----------
    file : str
        Name of the file, such as en-de.txt.

    Returns
    -------
    str
        The server is that of the environment variable MUSE_ENDPOINT, if it is set.
    """
    return f"{os.getenv('MUSE_ENDPOINT', MUSE_ENDPOINT).rstrip('/')}/{file}"


def _hub(what: str, page: str, call: Callable[[], Any]) -> Any:
    """Call the hub; its errors become one line or a `_MayPassError`, local file errors pass unchanged."""
    import httpx2
    from huggingface_hub import constants, errors

    try:
        return call()
    except errors.GatedRepoError as error:
        raise InputError(
            f"{what}: gated; accept its terms at {constants.ENDPOINT}/{page}, then log in (hf auth login) or "
            "set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(f"{what}: not on the hub, or private; check its name, or log in (hf auth login)") from error
    except errors.RevisionNotFoundError as error:
        raise InputError(f"{what}: no such revision on the hub; check revision, or delete its lock entry") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in PASSING:
            raise _MayPassError(f"the hub says {status}") from error
        raise InputError(f"{what}: the hub says {status}; check its name and your permissions") from error
    except (OSError, httpx2.HTTPError) as error:
        if _is_local(error):
            raise
        if constants.HF_HUB_OFFLINE:
            raise InputError(f"{what}: not in resources/ yet, and HF_HUB_OFFLINE is set; unset it once") from error
        cause = error.__cause__ or error
        raise _MayPassError(str(cause).splitlines()[0] if str(cause) else type(cause).__name__) from error


def _fetch_from_hub(
    what: str,
    name: str,
    kind: str,
    revision: str | None,
    choose: Callable[[list[str]], list[str]],
    key: str,
    destination: str | Path,
    lock: ResourcesLock,
) -> None:
    """Fetch the files that `choose` picks of a repository's, flat in one folder, at one commit."""
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # several jobs share the terminal
    locked = lock.entry(key)
    if locked and revision not in (None, CONVERTED, locked["revision"]):
        raise InputError(
            f"{what}: the configuration pins revision {revision}, but {lock.path} has {locked['revision']}; "
            "make them agree, or delete the entry in the lock file"
        )
    wanted = locked["revision"] if locked else revision
    page = name if kind == "model" else f"datasets/{name}"

    def transfer() -> None:
        info: Any = HfApi().repo_info(name, repo_type=kind, revision=wanted, files_metadata=True)
        stated = {file.rfilename: file.lfs.sha256 if file.lfs else None for file in info.siblings}
        chosen = choose(sorted(stated))
        with atomic_directory(destination) as folder:
            parts = folder / ".parts"
            snapshot_download(
                name,
                repo_type=kind,
                revision=info.sha,
                allow_patterns=[glob.escape(file) for file in chosen],
                local_dir=parts,
            )
            found = {}
            for file in chosen:
                found[Path(file).name] = file_checksum((parts / file).replace(folder / Path(file).name))
                if stated[file] not in (None, found[Path(file).name]):
                    raise _MayPassError(f"{file} arrived with another SHA-256 than the hub states")
            shutil.rmtree(parts)
            lock.verify_or_add(key, found, f"{constants.ENDPOINT}/{page}", info.sha)

    with _writing(destination):
        _persist(what, lambda: _hub(what, page, transfer))


def fetch_dataset(
    name: str,
    subset: str,
    split: str,
    revision: str | None,
    key: str,
    destination: str | Path,
    lock: ResourcesLock,
) -> None:
    """Fetch the Parquet files of one split of a hub dataset.

    Parameters
    ----------
    name : str
        OWNER/NAME on the hub.
    subset, split : str
        The files `{subset}/{split}-*.parquet`, as the hub names them, or `{subset}/{split}/*.parquet`.
    revision : str or None
        Commit; None takes the locked one, or else the newest.
    key : str
        Name of the artefact in the lock file.
    destination : str or Path
        Folder for the files.
    lock : ResourcesLock
        The lock file.

    Raises
    ------
    InputError
        The files cannot be fetched or written, or are not the locked ones.
    """
    what = f"dataset {name}, subset {subset}, split {split}"
    shard = re.compile(rf"{re.escape(subset)}/{re.escape(split)}(-\d+-of-\d+|/\d+)?\.parquet")

    def choose(files: list[str]) -> list[str]:
        chosen = [file for file in files if shard.fullmatch(file)]
        if not chosen:
            there = sorted({re.split(r"-\d+-of-|/\d+\.|\.parquet", file)[0] for file in files if ".parquet" in file})
            none = (
                "it has none at all, and loading scripts are not run; "
                f"revision: {CONVERTED} takes the hub's own conversion, where there is one"
            )
            raise InputError(f"{what}: no Parquet file of it; " + (f"there are {', '.join(there)}" if there else none))
        return chosen

    _fetch_from_hub(what, name, "dataset", revision, choose, key, destination, lock)


def fetch_model(name: str, revision: str | None, key: str, destination: str | Path, lock: ResourcesLock) -> None:
    """Fetch a model's weights (safetensors), configuration and tokenizer.

    Parameters
    ----------
    name : str
        OWNER/NAME on the hub.
    revision : str or None
        Commit; None takes the locked one, or else the newest.
    key : str
        Name of the artefact in the lock file.
    destination : str or Path
        Folder for the files.
    lock : ResourcesLock
        The lock file.

    Raises
    ------
    InputError
        The files cannot be fetched or written, are not the locked ones, or hold no safetensors.
    """
    what = f"model {name}"

    def choose(files: list[str]) -> list[str]:
        chosen = [file for file in files if MODEL_FILES.fullmatch(file)]
        if not any(file.endswith(".safetensors") for file in chosen):
            raise InputError(f"{what}: no safetensors; other weights can hold code and are never loaded")
        return chosen

    _fetch_from_hub(what, name, "model", revision, choose, key, destination, lock)
