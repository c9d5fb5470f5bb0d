"""Gradient conflict, similarity of representations and moved weights, against numbers by hand and slow definitions."""

import itertools
import math

import numpy as np
import pytest
import torch
from support import CPU, FAMILIES, realigner, tiny_encoder, wordpiece_tokenizer, write_streams
from torch import nn
from transformers import AutoModelForTokenClassification

from alignfreeze.data.bitext import Bitext
from alignfreeze.diagnostics.conflict import block_gradients, conflict, gradient_conflict
from alignfreeze.diagnostics.representation import block_movements, compare_layers, linear_cka
from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.realignment.objective import RealignmentObjective
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.support.errors import InputError
from alignfreeze.training.batches import TensorBatch

SETTINGS = {"layer": "last", "head": False, "batch_size": 4, "head_size": 16}


class Scale(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.tensor(w, dtype=torch.float64)) for w in weights])


def test_two_parameters_by_hand():
    block = Scale([3.0, 4.0])
    first, second = block.weights
    # Gradients (2 * 3, 1) = (6, 1) and (4, 3): inner product 27, norms sqrt(37) and 5.
    [one] = block_gradients(first**2 + second, [block])
    [other] = block_gradients(first * second, [block])
    assert one.tolist() == [6.0, 1.0]
    assert other.tolist() == [4.0, 3.0]
    found = conflict(one, other)
    assert found.cosine == pytest.approx(27 / (5 * math.sqrt(37)), abs=1e-15)
    assert found.norm_ratio == pytest.approx(math.sqrt(37) / 5, abs=1e-15)


@pytest.mark.parametrize("degrees", [0, 45, 90, 120, 180])
def test_known_angle(degrees):
    angle = math.radians(degrees)
    first = torch.tensor([2.0, 0.0], dtype=torch.float64)
    second = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    assert conflict(first, second).cosine == pytest.approx(math.cos(angle), abs=1e-15)
    assert conflict(first, second).norm_ratio == pytest.approx(2.0)


def test_a_block_that_a_loss_does_not_reach_has_no_cosine():
    blocks = [Scale([1.0]), Scale([2.0])]
    one, none = block_gradients(blocks[0].weights[0] ** 2, blocks)
    assert none.tolist() == [0.0]
    assert all(math.isnan(value) for value in conflict(one, none))


def tagger(family):
    """A tiny model with a head for five labels."""
    model = AutoModelForTokenClassification.from_config(tiny_encoder(family).config)
    return model.train()


def task_batch(seed):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 60, (3, 9), generator=generator)
    labels = torch.randint(0, 2, (3, 9), generator=generator)
    return TensorBatch({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels})


@pytest.mark.parametrize("family", FAMILIES)
def test_same_as_backward_in_float64(family, tmp_path):
    model = tagger(family).double()
    streams = write_streams(tmp_path, {"de": 12, "ta": 9})
    settings = RealignmentSettings(**SETTINGS)
    batches = [task_batch(1), task_batch(2)]
    found = list(gradient_conflict(model, batches, streams, settings, 2, 31, CPU))
    assert [row[:2] for row in found] == list(itertools.product(("de", "ta"), range(4)))

    def gradients(loss):
        model.zero_grad()
        loss.backward()
        return [np.concatenate([p.grad.numpy().ravel() for p in block.parameters()]) for block in encoder_blocks(model)]

    model.eval()
    by_batch = [gradients(model(**batch.tensors).loss) for batch in batches]
    of_task = [(first + second) / 2 for first, second in zip(*by_batch, strict=True)]
    expected = []
    for language, stream in streams.items():
        objective = RealignmentObjective(model.base_model, {language: stream}, settings, 31, CPU, None)
        own = [gradients(objective.loss(batch)) for batch in itertools.islice(objective.batches(0), 2)]
        for block, other in enumerate(of_task):
            one = (own[0][block] + own[1][block]) / 2
            sizes = np.linalg.norm(one), np.linalg.norm(other)
            expected.append((one @ other / sizes[0] / sizes[1], sizes[0] / sizes[1]))
    np.testing.assert_allclose([row[2:] for row in found], expected, rtol=0, atol=1e-12)


def test_blocks_above_the_layer_have_no_conflict_and_the_model_is_left_as_it_was(tmp_path):
    model = tagger("bert")
    model.base_model.embeddings.requires_grad_(False)
    before = {name: (p.detach().clone(), p.requires_grad) for name, p in model.named_parameters()}
    settings = RealignmentSettings(**SETTINGS | {"layer": 3, "head": True})
    rows = list(gradient_conflict(model, [task_batch(1)], write_streams(tmp_path, {"de": 6}), settings, 1, 31, CPU))
    assert [math.isnan(row.cosine) for row in rows] == [False, False, False, True]
    assert model.training
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name][0])
        assert parameter.requires_grad == before[name][1]


def slow_cka(x, y):
    """Normalised HSIC of the words' Gram matrices (Kornblith et al. 2019, section 3)."""
    n = len(x)
    centre = np.eye(n) - 1 / n

    def hsic(first, second):
        return np.trace(first @ centre @ second @ centre) / (n - 1) ** 2

    first, second = x @ x.T, y @ y.T
    return hsic(first, second) / math.sqrt(hsic(first, first) * hsic(second, second))


def test_cka_is_that_of_gram_matrices():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 9))
    y[:, :3] += x[:, :3]
    assert linear_cka(torch.tensor(x), torch.tensor(y)) == pytest.approx(slow_cka(x, y), abs=1e-12)
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert linear_cka(torch.tensor(x), torch.tensor(3 * x @ rotation + 5)) == pytest.approx(1, abs=1e-12)
    assert math.isnan(linear_cka(torch.tensor(x), torch.ones(40, 2)))


def test_movement_of_one_block():
    before, after = tiny_encoder("bert"), tiny_encoder("bert")
    weight = encoder_blocks(after)[2].output.dense.weight
    with torch.no_grad():
        weight[0, :4] += 0.5
    moved = block_movements(before, after)
    assert [row.distance for row in moved] == pytest.approx([0, 0, 1.0, 0], abs=1e-6)
    norm = math.sqrt(sum(float(p.detach().double().square().sum()) for p in encoder_blocks(before)[2].parameters()))
    assert moved[2].relative == pytest.approx(1.0 / norm, rel=1e-6)


@pytest.mark.parametrize(("freeze", "frozen"), [("front", [0, 1]), ("back", [2, 3]), ({"blocks": [1]}, [1])])
def test_a_frozen_block_moved_by_exactly_nothing(tmp_path, freeze, frozen):
    trained = realigner(write_streams(tmp_path, {"de": 9}), freeze=freeze, layer="last")
    trained.run([2])
    moved = block_movements(tiny_encoder("bert"), trained.model)
    assert [row.block for row in moved if row.distance == 0.0] == frozen
    assert [row.block for row in moved if row.relative == 0.0] == frozen


def test_encoders_that_are_not_versions_of_one_are_refused():
    with pytest.raises(InputError, match="give two versions of one encoder"):
        block_movements(tiny_encoder("bert"), tiny_encoder("distilbert"))


# Sentences with links.
GOLD = {
    "de": (
        Bitext([["a", "b", "ab"], ["c", "d"]], [["ha", "hb", "h"], ["hd", "he", "g"]]),
        [[(0, 0), (1, 2), (2, 1)], [(0, 1), (1, 0)]],
    )
}


def states_word_by_word(model, tokenizer, sentences):
    """States at every layer of each word's first subword, a sentence at a time; None for a word without one."""
    found = []
    for sentence in sentences:
        encoded = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            states = model.eval()(**encoded, output_hidden_states=True).hidden_states
        for word in range(len(sentence)):
            first = encoded.word_to_tokens(0, word)
            found.append(None if first is None else [layer[0, first.start].double().numpy() for layer in states])
    return found


def nearest_share(asked, others, gold):
    """Share of the words whose nearest one by cosine is a partner."""
    right = []
    for place, state in enumerate(asked):
        partners = [j for i, j in gold if i == place]
        if partners:
            cosines = [
                -2 if other is None else state @ other / np.linalg.norm(state) / np.linalg.norm(other)
                for other in others
            ]
            right.append(int(np.argmax(cosines)) in partners)
    return sum(right) / len(right)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_layers_against_a_slow_comparison(family):
    tokenizer = wordpiece_tokenizer()
    before, after = tiny_encoder(family), tiny_encoder(family, seed=1)
    words = WordTokenizer(tokenizer, 16)
    rows = list(compare_layers((before, words), (after, words), GOLD, CPU))
    assert [row.layer for row in rows] == [0, 1, 2, 3, 4]
    bitext, links = GOLD["de"]
    source, target = (
        [states_word_by_word(model, tokenizer, side) for model in (before, after)]
        for side in (bitext.source, bitext.target)
    )
    present = [number for number, states in enumerate(target[0]) if states is not None]
    numbered = [(0, 0), (1, 2), (2, 1), (3, 4), (4, 3)]
    pairs = [(i, j) for i, j in numbered if source[0][i] is not None and j in present]
    for row in rows:
        assert (row.n_words, row.n_links) == (len(present), len(pairs))
        for version, found in ((0, row.retrieval_before), (1, row.retrieval_after)):
            own, other = ([s and s[row.layer] for s in side[version]] for side in (source, target))
            both = nearest_share(own, other, numbered), nearest_share(other, own, [(j, i) for i, j in numbered])
            assert found == pytest.approx(sum(both) / 2)
        for version, found in ((0, row.cka_before), (1, row.cka_after)):
            x = np.array([source[version][i][row.layer] for i, _ in pairs])
            y = np.array([target[version][j][row.layer] for _, j in pairs])
            assert found == pytest.approx(slow_cka(x, y), abs=1e-6)
        x, y = (np.array([target[version][j][row.layer] for j in present]) for version in (0, 1))
        assert row.cka_change == pytest.approx(slow_cka(x, y), abs=1e-6)


def test_an_encoder_beside_itself_has_not_changed():
    model, words = tiny_encoder("bert"), WordTokenizer(wordpiece_tokenizer(), 16)
    for row in compare_layers((model, words), (model, words), GOLD, CPU):
        assert row.cka_change == pytest.approx(1.0, abs=1e-12)
        assert row.retrieval_before == row.retrieval_after
        assert row.cka_before == row.cka_after
    assert [row.distance for row in block_movements(model, model)] == [0.0] * 4
