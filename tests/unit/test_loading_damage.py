"""What of a damaged checkpoint no checksum of ours covers: sizes that cannot be, weights that are missing."""

import json

import pytest
from safetensors.torch import load_file, save_file
from support import tiny_encoder, wordpiece_tokenizer
from transformers import GPT2Config, GPT2Model

from alignfreeze.encoders.loading import load_encoder
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import verify_checkpoint


@pytest.fixture
def checkpoint(tmp_path):
    tiny_encoder("bert").save_pretrained(tmp_path)
    wordpiece_tokenizer().save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size"])
def test_sizes_beyond_the_file_are_refused_before_memory_is_taken(checkpoint, name):
    path = checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: 10**9}))
    with pytest.raises(InputError, match=f"config.json: .*{name}.* is more than its safetensors hold"):
        load_encoder(checkpoint)


def test_weights_that_are_missing_are_not_made_up(checkpoint):
    path = checkpoint / "model.safetensors"
    tensors = load_file(path)
    save_file({k: v for k, v in tensors.items() if "pooler" not in k}, path, {"format": "pt"})
    load_encoder(checkpoint)
    save_file({k: v for k, v in tensors.items() if "layer.2." not in k}, path, {"format": "pt"})
    with pytest.raises(InputError, match=r"no weights for 16 of the encoder's parameters, such as encoder.layer.2."):
        load_encoder(checkpoint)


def test_model_that_is_no_encoder_is_named_with_its_folder(tmp_path):
    GPT2Model(GPT2Config(vocab_size=90, n_embd=8, n_layer=1, n_head=2)).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=rf"^{tmp_path}: GPT2Model: no encoder"):
        load_encoder(tmp_path)


def test_record_that_names_a_file_no_file_system_has_is_damaged(checkpoint):
    (checkpoint / "run.json").write_text(json.dumps({"files": {"tokenizer.json" + "1" * 3000: "0" * 64}}))
    with pytest.raises(InputError, match=r"tokenizer.json1+: damaged \(missing\)") as found:
        verify_checkpoint(checkpoint, "tokenizer*")
    assert len(str(found.value)) < 1500
