"""The documentation's site: it builds without a network, every page is in it, and nothing is asked for elsewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("sphinx", "myst_parser", "furo") if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (requirements.lock)")
def test_site_builds_and_is_whole(tmp_path):
    docs, site = tmp_path / "docs", tmp_path / "site"
    # Copied, because the page of the command line is written beside the others.
    docs.mkdir()
    for path in (ROOT / "docs").iterdir():
        if path.name == "images":
            (docs / "images").symlink_to(path)
        elif path.is_file() and path.name != "command.md":
            (docs / path.name).write_bytes(path.read_bytes())
    for name in (
        "README.md",
        "CITATION.cff",
        "config.yaml",
        "data",
        "experiments",
        "profiles",
        "schemas",
        "benchmarks",
    ):
        (tmp_path / name).symlink_to(ROOT / name)
    proxies = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:1")
    finished = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", docs, site],
        capture_output=True, text=True, env=os.environ | proxies | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-3000:]
    pages = {path.stem: path.read_text(encoding="utf-8") for path in site.glob("*.html")}
    assert pages.keys() >= {path.stem for path in (ROOT / "docs").glob("*.md")} | {"command", "index"}
    assert "--language" in pages["command"]
    assert "alignfreeze.realign" in pages["reference"]
    loaded = re.compile(
        r"""<(?:script|img)[^>]*\ssrc="(?:https?:)?//|<link[^>]*rel="stylesheet"[^>]*href="(?:https?:)?//"""
    )
    assert not [name for name, text in pages.items() if loaded.search(text)]
