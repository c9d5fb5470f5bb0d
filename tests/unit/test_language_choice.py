import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.languages.choice import choose_languages
from alignfreeze.languages.registry import facts_of, paper_languages
from alignfreeze.languages.uriel import uriel_distances
from alignfreeze.support.errors import InputError

CODES = sorted(set(paper_languages()) - {"en"})
DISTANCES = {code: uriel_distances(code, ["en", *CODES])["featural"] for code in ["en", *CODES]}


def spread(chosen):
    """Smallest distance between any two of them and the source."""
    return min(DISTANCES[left][right] for left, right in itertools.combinations(["en", *chosen], 2))


def test_diverse_languages_by_a_slow_search():
    """Each next one is the farthest from the nearest of those before, by the distances of the table of languages."""
    chosen = []
    for _ in range(7):
        rest = [code for code in CODES if code not in chosen]
        chosen.append(max(rest, key=lambda code: min(DISTANCES[other][code] for other in ["en", *chosen])))
    assert choose_languages(7, CODES, "en", "diverse") == chosen
    # The greedy choice is at least half as far apart as the best one (Gonzalez 1985), if not for a metric's slack.
    assert spread(choose_languages(2, CODES, "en", "diverse")) >= 0.5 * max(
        spread(pair) for pair in itertools.combinations(CODES, 2)
    )


def test_similar_languages_are_the_nearest():
    chosen = choose_languages(5, CODES, "en", "similar")
    assert chosen == sorted(CODES, key=lambda code: DISTANCES["en"][code])[:5]
    assert choose_languages(3, [code for code in CODES if code != "ja"], "ja", "similar")[0] == "ko"


@pytest.mark.parametrize("fact", ["family", "script"])
def test_groups_take_turns(fact):
    groups = {getattr(facts_of(code), fact) for code in CODES}
    chosen = choose_languages(len(groups), CODES, "en", fact)
    assert {getattr(facts_of(code), fact) for code in chosen} == groups
    assert choose_languages(len(CODES), CODES, "en", fact) != CODES


@given(st.permutations(CODES[:8]), st.sampled_from(["diverse", "similar", "random", "family", "script"]))
def test_order_of_the_candidates_decides_nothing(order, by):
    assert choose_languages(4, order, "en", by, seed=3) == choose_languages(4, CODES[:8], "en", by, seed=3)


def test_by_chance_and_by_seed():
    assert choose_languages(5, CODES, "en", "random", seed=1) == choose_languages(5, CODES, "en", "random", seed=1)
    assert choose_languages(5, CODES, "en", "random", seed=1) != choose_languages(5, CODES, "en", "random", seed=2)


def test_choice_that_is_impossible():
    with pytest.raises(InputError, match="9 languages of 2; choose fewer"):
        choose_languages(9, ["de", "fi"], "en", "diverse")
    own = {"mine": {"name": "Mine"}}
    with pytest.raises(InputError, match="URIEL has no features of 'mine'"):
        choose_languages(1, ["de", "mine"], "en", "similar", own=own)
    with pytest.raises(InputError, match="the family of 'eu' is unknown"):
        choose_languages(1, ["de", "eu"], "en", "family")
