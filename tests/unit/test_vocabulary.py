import numpy as np
import pytest
import torch
from support import FAMILIES, VOCABULARY, assert_same_weights, tiny_encoder, weights

from alignfreeze.encoders.loading import load_encoder
from alignfreeze.encoders.vocabulary import TrimmedVocabulary

USED = np.array([40, 2, 3, 77, 10])


@pytest.fixture(params=FAMILIES)
def model(request):
    return tiny_encoder(request.param).eval()


def test_mapped_ids_give_the_same_states(model):
    ids = torch.tensor([[2, 40, 77, 3], [2, 10, 3, model.config.pad_token_id]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    expected = model(input_ids=ids, attention_mask=mask).last_hidden_state
    vocabulary = TrimmedVocabulary(model, USED)
    found = model(input_ids=vocabulary.map(ids), attention_mask=mask).last_hidden_state
    assert torch.equal(found, expected)
    assert len(model.get_input_embeddings().weight) == len(vocabulary.kept) < VOCABULARY


def test_padding_keeps_its_number_and_its_row():
    model = tiny_encoder("xlm-roberta")
    vocabulary = TrimmedVocabulary(model, USED)
    assert vocabulary.map(torch.tensor([1])).item() == 1
    assert model.get_input_embeddings().padding_idx == 1


def test_id_that_was_not_announced_is_an_error(model):
    with pytest.raises(ValueError, match="token 41 is not in the trimmed vocabulary"):
        TrimmedVocabulary(model, USED).map(torch.tensor([[2, 41]]))


def test_saved_checkpoint_has_every_row_and_those_in_use_as_trained(model, tmp_path):
    before = weights(model)
    name = next(n for n, p in model.named_parameters() if p is model.get_input_embeddings().weight)
    vocabulary = TrimmedVocabulary(model, USED)
    with torch.no_grad():
        model.get_input_embeddings().weight += 1
    vocabulary.save(tmp_path)
    saved = weights(load_encoder(tmp_path))
    expected = before[name].clone()
    expected[vocabulary.kept] += 1
    assert_same_weights(saved, before | {name: expected})
    assert load_encoder(tmp_path).config.vocab_size == VOCABULARY


def test_restored_model_takes_ordinary_ids_again(model, tmp_path):
    vocabulary = TrimmedVocabulary(model, USED)
    with torch.no_grad():
        model.get_input_embeddings().weight += 1
    vocabulary.save(tmp_path)
    vocabulary.restore()
    assert_same_weights(weights(model), weights(load_encoder(tmp_path)))
    ids = torch.tensor([[2, 41, 3]])
    assert torch.equal(model(input_ids=ids).last_hidden_state, load_encoder(tmp_path)(ids).last_hidden_state)
