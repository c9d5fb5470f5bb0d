"""Where a model comes from and what was done to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links, format_line


@dataclass(frozen=True)
class Base:
    """Where the first weights came from.

    Attributes
    ----------
    name : str
        OWNER/NAME on the hub, a folder, or that it was a model in memory.
    revision : str, optional
        Commit on the hub.
    licence : str, optional
        As its model card states it, in the hub's short form.
    on_hub : bool
        Whether `name` is a name on the hub.
    note : str
        What else is to be said, such as another precision.
    """

    name: str
    revision: str | None = None
    licence: str | None = None
    on_hub: bool = False
    note: str = ""


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes
    ----------
    method : str
        `realignment`, or `fine-tuning on TASK`.
    settings : dict
        Everything that decided the result, the data apart.
    seed, steps : int
        Random seed; optimiser steps.
    data : dict
        By language (one entry for fine-tuning): number of items and SHA-256 of their content.
    description : str
        Of the data, in the user's words: name, licence.
    loss : list
        Rows (step, mean loss since the row before).
    environment : dict
        Device, seconds, versions of packages.
    """

    method: str
    settings: dict[str, Any]
    seed: int
    steps: int
    data: dict[str, dict[str, Any]]
    description: str = ""
    loss: list[tuple[int, float]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)


def bitext_facts(bitext: Bitext, alignments: Sequence[Links], used: int) -> dict[str, Any]:
    """Describe a bitext and its links by size and checksum.

    Parameters
    ----------
    bitext : Bitext
    alignments : sequence of Links
        Links of each sentence pair.
    used : int
        Number of sentence pairs with a word pair that realignment uses.

    Returns
    -------
    dict from str to object
        `sentence_pairs`, `used_pairs`, and `sha256` of words and links.
    """
    digest = hashlib.sha256()
    for source, target, links in zip(bitext.source, bitext.target, alignments, strict=True):
        digest.update(f"{' '.join(source)}\t{' '.join(target)}\t{format_line(links)}\n".encode())
    return {"sentence_pairs": len(bitext), "used_pairs": used, "sha256": digest.hexdigest()}
