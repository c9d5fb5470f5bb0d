import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import (
    HIDDEN,
    random_row,
    representing,
    sentencepiece_tokenizer,
    slow_encode,
    slow_pairs,
    slow_subwords,
    wordpiece_tokenizer,
)

from alignfreeze.data.bitext import Bitext
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.realignment.batches import RealignmentCollator
from alignfreeze.realignment.loss import RealignmentLoss, word_vectors
from alignfreeze.realignment.word_pairs import PairRow, build_rows, build_sentence_rows


def head_output(vector, matrices):
    """Linear - ReLU - Linear without biases, number by number."""
    if not matrices:
        return list(vector)
    first, second = matrices
    hidden = [torch.clamp(sum(w * x for w, x in zip(row, vector, strict=True)), min=0) for row in first]
    return [sum(w * x for w, x in zip(row, hidden, strict=True)) for row in second]


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / (torch.sqrt(sum(x * x for x in a)) * torch.sqrt(sum(y * y for y in b)))


def slow_loss(sentences, source_states, target_states, matrices, temperature, variant):
    """Mean cross-entropy by loops.

    sentences: per sentence pair (positions of each source word, positions of each target word, pairs of word numbers).
    """
    words = []  # (side, sentence, word number, vector)
    for side, states in enumerate((source_states, target_states)):
        for number, sentence in enumerate(sentences):
            words += [
                (side, number, word, head_output(sum(states[number, p] for p in places) / len(places), matrices))
                for word, places in enumerate(sentence[side])
            ]
    terms = []
    for side in (0, 1):
        for number, sentence in enumerate(sentences):
            for pair in sentence[2]:
                own, partner = (side, number, pair[side]), (1 - side, number, pair[1 - side])
                own_vector = next(vector for *name, vector in words if tuple(name) == own)
                logits, label = [], None
                for *name, vector in words:
                    if tuple(name) == own or (variant == "weak" and name[0] == side):
                        continue
                    if tuple(name) == partner:
                        label = len(logits)
                    logits.append(cosine(own_vector, vector) / temperature)
                terms.append(torch.log(sum(torch.exp(logit) for logit in logits)) - logits[label])
    return sum(terms) / len(terms)


def compare(rows, sentences, variant, head, temperature=0.1, hidden=12, seed=0):
    """Loss and gradients of the module against the loops."""
    torch.manual_seed(seed)
    batch = RealignmentCollator(pad_id=1)(rows)
    states = [torch.randn(*ids.shape, hidden, requires_grad=True) for ids in (batch.source_ids, batch.target_ids)]
    module = RealignmentLoss(hidden, temperature, head=head, head_size=4, variant=variant)
    loss = module(*states, batch)
    loss.backward()

    exact = [s.detach().double().requires_grad_() for s in states]
    matrices = [p.detach().double().requires_grad_() for p in module.parameters()]
    expected = slow_loss(sentences, *exact, matrices, temperature, variant)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    for mine, theirs in zip([*states, *module.parameters()], [*exact, *matrices], strict=True):
        scale = float(theirs.grad.abs().max())
        torch.testing.assert_close(mine.grad.double(), theirs.grad, rtol=1e-4, atol=1e-5 * scale + 1e-12)
    assert len(matrices) == (2 if head else 0)


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("variant", ["strong", "weak"])
@pytest.mark.parametrize("one_subword", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_loss_and_gradients_equal_slow_loops_on_ragged_batches(variant, head, one_subword, seed):
    rng = np.random.default_rng(seed)
    rows = [random_row(rng, one_subword=one_subword) for _ in range(4)]
    sentences = [
        (
            [range(*places) for places in zip(r.source_start, r.source_end, strict=True)],
            [range(*places) for places in zip(r.target_start, r.target_end, strict=True)],
            list(zip(r.source_pairs, r.target_pairs, strict=True)),
        )
        for r in rows
    ]
    compare(rows, sentences, variant, head, seed=seed)


@pytest.mark.parametrize("word", ["first", "last", "mean"])
@pytest.mark.parametrize("variant", ["strong", "weak"])
def test_loss_equals_slow_loops_from_words_and_links_with_truncation(variant, word):
    """From text to loss: the positions come from the tokenizer's own word ids, not from the code under test."""
    tokenizer, max_length = sentencepiece_tokenizer(), 7
    source = [["ab", "猫", "c", "bc", "a", "b"], ["a", "狗"], ["c", "▁", "b"]]
    target = [["狗", "a", "ab"], ["猫", "b", "\u200b", "cc", "ca", "bc", "a"], ["c", "猫"]]
    links = [[(0, 1), (1, 0), (2, 2), (5, 2)], [(0, 0), (1, 6)], [(0, 0), (2, 1)]]
    rows = list(build_rows(Bitext(source, target), links, WordTokenizer(tokenizer, max_length), word))
    sentences = []
    for s, t, raw in zip(source, target, links, strict=True):
        s_first, t_first = slow_encode(tokenizer, s, max_length)[1], slow_encode(tokenizer, t, max_length)[1]
        s_all, t_all = slow_subwords(tokenizer, s, max_length)[1], slow_subwords(tokenizer, t, max_length)[1]
        s_words = [i for i, position in enumerate(s_first) if position is not None]
        t_words = [j for j, position in enumerate(t_first) if position is not None]
        pairs = [(s_words.index(i), t_words.index(j)) for i, j in slow_pairs(raw, s, t, s_first, t_first)]
        s_places, t_places = ([representing(p, word) for p in places if p] for places in (s_all, t_all))
        sentences.append((s_places, t_places, pairs))
    assert sum(len(first) for first, _, _ in sentences) < sum(map(len, source))  # something was cut
    assert [len(pairs) for _, _, pairs in sentences] == [2, 1, 1]  # and pairs that touch it are gone
    compare(rows, sentences, variant, head=True)


@pytest.mark.parametrize("kind", [sentencepiece_tokenizer, wordpiece_tokenizer])
@pytest.mark.parametrize("variant", ["strong", "weak"])
@pytest.mark.parametrize("head", [True, False])
def test_sentences_equal_slow_loops_from_text_with_truncation(variant, head, kind):
    """Each sentence is the mean of all its subwords, special tokens too; it finds its translation in the batch."""
    tokenizer, max_length = kind(), 7
    source = [["ab", "c", "bc", "a", "b"], ["a"], ["b"], ["c", "b"], ["a", "b", "a"]]
    target = [["a", "ab"], ["a"], ["\u200b"], ["b", "cc", "ca", "bc", "a"], ["b"]]
    rows = list(build_sentence_rows(Bitext(source, target), WordTokenizer(tokenizer, max_length)))
    kept = [0, 3, 4]  # the second pair's sentences are the same, and the third has an empty side
    sides = [[slow_encode(tokenizer, side[i], max_length)[0] for i in kept] for side in (source, target)]
    assert [row.source_ids.tolist() for row in rows] == sides[0]
    assert [row.target_ids.tolist() for row in rows] == sides[1]
    sentences = [([range(len(s))], [range(len(t))], [(0, 0)]) for s, t in zip(*sides, strict=True)]
    compare(rows, sentences, variant, head)


def test_word_of_one_subword_is_its_state_bit_for_bit():
    """Also beside words of several: means of one do not differ in the last bit."""
    torch.manual_seed(0)
    states = torch.randn(2, 5, 7)
    alone = word_vectors(states, torch.tensor([1, 3, 8]), torch.tensor([1, 1, 1]))
    assert torch.equal(alone, states.flatten(0, 1)[[1, 3, 8]])
    mixed = word_vectors(states, torch.tensor([1, 3, 4, 8]), torch.tensor([1, 2, 1]))
    assert torch.equal(mixed[[0, 2]], alone[[0, 2]])
    assert torch.equal(mixed[1], (states[0, 3] + states[0, 4]) / 2)


def test_mean_of_words_has_the_right_gradient():
    torch.manual_seed(0)
    states = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    index, sizes = torch.tensor([0, 1, 2, 4, 6, 7]), torch.tensor([3, 1, 2])
    assert torch.autograd.gradcheck(lambda found: word_vectors(found, index, sizes), states)


@given(
    angles=st.lists(st.floats(0, 2 * math.pi), min_size=4, max_size=4),
    temperature=st.floats(0.05, 2),
    variant=st.sampled_from(["strong", "weak"]),
)
def test_two_word_batch_by_hand(angles, temperature, variant):
    """Two source words, two target words, one pair: the formula written out in plain numbers."""
    row = PairRow(*(np.array(v, np.int32) for v in ([2, 5, 6, 3], [2, 7, 8, 3], *[[1, 2], [2, 3]] * 2, [0], [1])))
    batch = RealignmentCollator(pad_id=0)([row])
    vectors = torch.tensor([[math.cos(a), math.sin(a)] for a in angles])
    source, target = torch.zeros(1, 4, 2), torch.zeros(1, 4, 2)
    source[0, 1:3], target[0, 1:3] = 3 * vectors[:2], vectors[2:]
    loss = RealignmentLoss(2, temperature, False, 128, variant)(source, target, batch)

    s1, s2, t1, t2 = angles
    similar = lambda a, b: math.exp(math.cos(a - b) / temperature)  # noqa: E731
    same_source, same_target = (similar(s1, s2), similar(t2, t1)) if variant == "strong" else (0, 0)
    from_source = -math.log(similar(s1, t2) / (similar(s1, t1) + similar(s1, t2) + same_source))
    from_target = -math.log(similar(t2, s1) / (similar(t2, s1) + similar(t2, s2) + same_target))
    assert float(loss) == pytest.approx((from_source + from_target) / 2, rel=1e-4, abs=1e-5)


def test_head_is_two_layers_without_biases():
    shapes = {name: tuple(p.shape) for name, p in RealignmentLoss(HIDDEN, 0.1, True, 128, "strong").named_parameters()}
    assert shapes == {"head.0.weight": (HIDDEN, HIDDEN), "head.2.weight": (128, HIDDEN)}


def test_loss_is_not_computed_in_bf16_under_autocast():
    rng = np.random.default_rng(1)
    batch = RealignmentCollator(pad_id=0)([random_row(rng) for _ in range(4)])
    torch.manual_seed(0)
    states = [torch.randn(*ids.shape, HIDDEN) for ids in (batch.source_ids, batch.target_ids)]
    module = RealignmentLoss(HIDDEN, 0.1, False, 128, "strong")
    exact = module(*states, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = module(*states, batch)
    assert mixed.dtype == torch.float32
    assert float(mixed) == pytest.approx(float(exact), rel=1e-6)
