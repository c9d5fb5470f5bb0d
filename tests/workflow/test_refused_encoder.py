"""An encoder that cannot work is refused before anything is trained, with any of the models."""

import copy
import json

import pytest
import transformers
import yaml
from support import tiny_encoder, wordpiece_tokenizer
from workflow_support import CONFIG, snakemake

pytestmark = pytest.mark.workflow


def save(folder, model):
    model.save_pretrained(folder)
    wordpiece_tokenizer().save_pretrained(folder)
    return {"source": f"path:{folder}"}


def write(folder, models, **changes):
    """The tiny experiment with other models; without gold links, one seed, German."""
    config = copy.deepcopy(CONFIG) | {"models": models, "seeds": [31], "aligners": {"dictionary": {}}, **changes}
    config["language_sets"]["all"] = ["de"]
    del config["data"]["gold"], config["diagnostics"]
    config["realignment"]["max_length"] = config["tasks"]["udpos"]["max_length"] = 60
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_decoder_is_refused_before_it_is_trained(tmp_path):
    sizes = {"vocab_size": 90, "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4}
    decoder = transformers.LlamaModel(transformers.LlamaConfig(**sizes, intermediate_size=48))
    models = {
        "works": save(tmp_path / "bert", tiny_encoder("bert")),
        "decoder": save(tmp_path / "llama", decoder),
    }
    target = "results/tiny/scores/decoder/baseline/none/none/udpos/seed31/all.csv"
    output = snakemake(tmp_path, target, config=write(tmp_path, models), check=False)
    log = (tmp_path / "results/tiny/logs/checked/decoder.log").read_text()
    said = f"{tmp_path}/llama: LlamaModel: no encoder, a word's state does not depend on the words after it"
    assert [line for line in log.splitlines() if said in line], log
    assert "check_encoder" in output
    results = tmp_path / "results" / "tiny"
    for trained in ("finetuned", "realigned", "state", "scores", "encoded"):
        assert not (results / trained / "decoder").exists(), "it was not trained"
    assert not (results / "tables").exists()


def test_shared_weights_are_refused_with_the_configuration(tmp_path):
    sizes = {"vocab_size": 90, "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4}
    albert = transformers.AlbertModel(transformers.AlbertConfig(**sizes, embedding_size=16, intermediate_size=48))
    path = write(tmp_path, {"albert": save(tmp_path / "albert", albert)})
    output = snakemake(tmp_path, "-n", config=path, check=False)
    assert "model albert, freeze front: blocks 1 and 2 share their weights" in output
    assert "freeze full" not in output
    assert json.loads((tmp_path / "albert" / "config.json").read_text())["model_type"] == "albert"
