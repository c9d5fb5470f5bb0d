"""Quality of alignments against gold links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alignfreeze.data.pharaoh import Links, one_to_one


@dataclass(frozen=True)
class AlignmentQuality:
    """Scores over a whole set of sentence pairs, 0 to 1; None where there is nothing to divide by.

    Attributes
    ----------
    aer : float or None
        Alignment error rate, 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|) (Och and Ney 2003).
    one_to_one_precision : float or None
        Share of the one-to-one links that are possible links; realignment uses just these.
    links, one_to_one_links, gold_links : int
        Their numbers.
    """

    aer: float | None
    precision: float | None
    recall: float | None
    one_to_one_precision: float | None
    links: int
    one_to_one_links: int
    gold_links: int


def alignment_quality(
    alignments: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links] | None = None
) -> AlignmentQuality:
    """Compare alignments with gold links, sentence pair by sentence pair.

    Parameters
    ----------
    alignments : sequence of Links
        Links that were found.
    sure : sequence of Links
        Gold links.
    possible : sequence of Links, optional
        More gold links, beside the sure ones, which count as possible, too; by default all are sure.

    Returns
    -------
    AlignmentQuality
        Counts are summed over all sentence pairs before they are divided.
    """
    possible = sure if possible is None else possible
    links = one_to_one_links = gold = in_sure = in_possible = one_to_one_right = 0
    for found, certain, maybe in zip(alignments, sure, possible, strict=True):
        a, s = set(found), set(certain)
        p = set(maybe) | s
        unique = set(one_to_one(found))
        links, gold = links + len(a), gold + len(s)
        in_sure, in_possible = in_sure + len(a & s), in_possible + len(a & p)
        one_to_one_links, one_to_one_right = one_to_one_links + len(unique), one_to_one_right + len(unique & p)
    return AlignmentQuality(
        aer=1 - (in_sure + in_possible) / (links + gold) if links + gold else None,
        precision=in_possible / links if links else None,
        recall=in_sure / gold if gold else None,
        one_to_one_precision=one_to_one_right / one_to_one_links if one_to_one_links else None,
        links=links,
        one_to_one_links=one_to_one_links,
        gold_links=gold,
    )
