import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from torchmetrics.functional.text import squad

from alignfreeze.metrics.answers import SCORES, exact_match, f1, normalise, paper_exact_match, paper_f1

words = st.sampled_from(["a", "The", "cat", "Cat,", "cat's", "U.S.", "-", "1519", "in  the", "año", "猫", "an", "«sí»"])
answers = st.lists(words, min_size=1, max_size=5).map(" ".join)


@given(answer=answers, gold=st.lists(answers, min_size=1, max_size=3))
def test_squad_s_rules_are_those_of_torchmetrics(answer, gold):
    # An answer of nothing but articles and punctuation: torchmetrics follows the rules of SQuAD 2 there.
    assume(all(normalise(text) for text in [answer, *gold]))
    target = {"answers": {"text": gold, "answer_start": [0] * len(gold)}, "id": "x"}
    expected = squad([{"prediction_text": answer, "id": "x"}], [target])
    assert 100 * exact_match(answer, gold) == expected["exact_match"].item()
    assert 100 * f1(answer, gold) == pytest.approx(expected["f1"].item(), abs=1e-4)


def test_normal_form_and_multiset_by_hand():
    assert normalise("  The  U.S.-led, an 'a' Army ") == "usled army"
    assert f1("the the cat cat", ["cat sat"]) == pytest.approx(2 * 1 / (2 + 2))
    assert f1("", ["the"]) == f1("cat", ["dog"]) == 0
    assert exact_match("the", ["a"]) == 1


def test_best_of_several_gold_answers_counts():
    assert exact_match("in 1519", ["1519", "In 1519."]) == 1
    assert f1("in 1519", ["May", "1519"]) == pytest.approx(2 / 3)


def test_paper_s_variant_by_hand():
    # Precision 1/2, recall 1: 2 * 0.5 * 1 / max(1, 1.5).
    assert paper_f1("in 1519", ["1519", "in 1519"]) == pytest.approx(2 * 0.5 / 1.5)
    # Precision 1/4, recall 1/2: the denominator is 1, not 0.75.
    assert paper_f1("w x y z", ["z q"]) == pytest.approx(2 * 0.25 * 0.5)
    # A common word counts once, the words of the answer are two: precision 1/2, recall 1.
    assert paper_f1("cat cat", ["cat"]) == pytest.approx(2 * 0.5 / 1.5)
    assert paper_f1("cat", ["dog", "cat"]) == paper_f1("", ["cat"]) == paper_f1("cat", ["the"]) == 0
    assert paper_f1("", ["the"]) == 1  # neither has a word
    # Raw strings in the target languages, normal forms in English; the first gold answer alone.
    assert paper_exact_match(" La casa", ["La casa"], False) == 0
    assert paper_exact_match(" The house", ["house"], True) == 1
    assert paper_exact_match("La casa", ["casa", "La casa"], False) == 0
    assert paper_exact_match("La casa", ["La casa"], False) == 1


@given(answer=answers, gold=st.lists(answers, min_size=1, max_size=3))
def test_paper_s_variant_is_never_higher(answer, gold):
    assert paper_exact_match(answer, gold, True) <= exact_match(answer, gold)
    for score in SCORES.values():
        assert 0 <= score(answer, gold, False) <= 1
