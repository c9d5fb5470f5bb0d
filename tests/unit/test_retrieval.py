import math

import numpy as np
import pandas as pd
import pytest
import torch
from support import CPU, representing, slow_subwords, tiny_encoder, wordpiece_tokenizer

from alignfreeze.analysis.retrieval import draw, summarise
from alignfreeze.data.bitext import Bitext
from alignfreeze.encoders.retrieval import Retrieval, retrieval, retrieval_by_language, word_states
from alignfreeze.encoders.subwords import WordTokenizer

WORDS = ["a", "abcd", "cdab", "g", "efg", "\u200b"]  # the last has no subword


def slow_retrieval(source, target, links):
    """By loops: each linked word asks for its nearest word of the other side."""

    def ask(questions, answers, pairs):
        right = 0
        asked = sorted({i for i, _ in pairs})
        for i in asked:
            scores = {}
            for j, answer in enumerate(answers):
                norms = math.sqrt(sum(x * x for x in questions[i])) * math.sqrt(sum(x * x for x in answer))
                if norms:
                    scores[j] = sum(x * y for x, y in zip(questions[i], answer, strict=True)) / norms
            right += bool(scores) and (i, max(scores, key=scores.get)) in pairs
        return right / len(asked), len(asked)

    return ask(source, target, set(links)), ask(target, source, {(j, i) for i, j in links})


@pytest.mark.parametrize("seed", range(5))
def test_equals_slow_loops_with_absent_words(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(14, 3)), rng.normal(size=(11, 3))
    source[[2, 5]] = target[[0, 7]] = 0
    links = list({(int(i), int(j)) for i, j in zip(rng.integers(0, 14, 18), rng.integers(0, 11, 18), strict=True)})
    found = retrieval(torch.tensor(source), torch.tensor(target), links)
    (forward, asked), (backward, asked_back) = slow_retrieval(source.tolist(), target.tolist(), links)
    assert found == Retrieval(pytest.approx(forward), pytest.approx(backward), asked, asked_back)
    assert found.mean == pytest.approx((forward + backward) / 2)


def test_absent_word_is_never_found_even_where_all_others_are_farther():
    source = torch.tensor([[1.0, 0.0]])
    target = torch.tensor([[0.0, 0.0], [-1.0, 0.1]])
    found = retrieval(source, target, [(0, 0)])
    assert (found.source_to_target, found.target_to_source) == (0.0, 0.0)


def test_any_of_several_partners_is_right():
    source = torch.eye(2)
    target = torch.tensor([[0.9, 0.1], [1.0, 0.0], [0.0, 1.0]])
    found = retrieval(source, target, [(0, 0), (0, 1), (1, 2)])
    assert (found.source_to_target, found.source_words, found.target_words) == (1.0, 2, 3)


def test_no_links_give_no_number():
    found = retrieval(torch.eye(2), torch.eye(2), [])
    assert math.isnan(found.mean)
    assert found.source_words == found.target_words == 0


@pytest.mark.parametrize("word", ["first", "last", "mean"])
def test_states_are_those_of_the_words_subwords_one_sentence_at_a_time(word):
    tokenizer, model = wordpiece_tokenizer(), tiny_encoder("bert").eval()
    rng = np.random.default_rng(0)
    sentences = [[str(w) for w in rng.choice(WORDS, int(n))] for n in rng.integers(1, 9, 11)]
    states, start = word_states(model, sentences, WordTokenizer(tokenizer, 12), [1, 4], CPU, 3, word)
    assert start.tolist() == np.cumsum([0, *map(len, sentences)])[:-1].tolist()
    for begin, sentence in zip(start, sentences, strict=True):
        ids, positions = slow_subwords(tokenizer, sentence, 12)
        with torch.no_grad():
            hidden = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
        for offset, places in enumerate(positions):
            for row, layer in enumerate((1, 4)):
                expected = hidden[layer][0, representing(places, word)].mean(0) if places else torch.zeros(32)
                torch.testing.assert_close(states[row, begin + offset], expected, rtol=1e-4, atol=1e-5)


def test_links_of_all_sentences_are_asked_at_every_layer():
    model = tiny_encoder("bert")
    bitext = Bitext([["a"], ["abcd", "g"]], [["efg", "a"], ["cdab"]])
    links = [[(0, 1)], [(0, 0), (1, 0)]]
    # The same sentences on both sides: every word is its own nearest.
    same = Bitext(bitext.source, bitext.source), [[(0, 0)], [(0, 0), (1, 1)]]
    other = Bitext([["g"], ["a"]], [["efg"], ["g"]]), [[(0, 0)], [(0, 0)]]
    gold = {"de": (bitext, links), "en": same, "ta": other}
    tokenizer = WordTokenizer(wordpiece_tokenizer(), 12)
    scores = retrieval_by_language(model, gold, tokenizer, [2, 4], CPU)
    assert scores["de"].keys() == {2, 4}
    assert all((s.source_words, s.target_words) == (3, 2) for s in scores["de"].values())
    assert scores["en"][4].mean == 1.0
    # Languages with other source sentences are not scored on those of the one before.
    assert scores["ta"] == retrieval_by_language(model, {"ta": other}, tokenizer, [2, 4], CPU)["ta"]


def table():
    rows = []
    for strategy, seeds in {"baseline": [0], "full": [31, 42], "front": [31, 42]}.items():
        for place, layer in {"middle": 2, "last": 4}.items():
            for language, base in {"de": 0.5, "ta": 0.2}.items():
                for seed in seeds:
                    gain = 0 if strategy == "baseline" else 0.1 + (seed == 42) * 0.2
                    rows.append(
                        {"model": "m", "strategy": strategy, "aligner": "none" if strategy == "baseline" else "awesome",
                         "seed": seed, "layer": layer, "place": place, "language": language, "accuracy": base + gain,
                         "n_target_words": 9}
                    )  # fmt: skip
    return pd.DataFrame(rows)


def test_summary_has_means_spreads_and_changes_against_the_pretrained_encoder():
    summary = summarise(table()).set_index(["strategy", "place", "language"])
    row = summary.loc["full", "last", "ta"]
    assert row["accuracy"] == pytest.approx(0.4)
    assert row["std"] == pytest.approx(0.2 / math.sqrt(2))
    assert row["change"] == pytest.approx(0.2)
    assert (row["n_seeds"], row["n_words"]) == (2, 9)
    assert summary.loc["baseline", "middle", "de"]["change"] == 0


def test_figure_has_a_panel_a_place_and_sorts_languages():
    figure = draw(summarise(table()))
    assert [panel.get_title() for panel in figure.axes] == [
        "m, AWESOME-align, middle block",
        "m, AWESOME-align, last block",
    ]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["de", "ta"]
