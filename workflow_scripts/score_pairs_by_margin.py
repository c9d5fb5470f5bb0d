"""Score the sentence pairs of a bitext by an encoder's ratio margin."""

from typing import Any

from alignfreeze.support.devices import claimed_device, torch_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write pair_scores/margin/{lang}.csv."""
    configure_logging(smk.log[0])
    with claimed_device(smk.config["device"]) as name:
        import tempfile
        from pathlib import Path

        import numpy as np

        from alignfreeze.data.bitext import stream_bitext
        from alignfreeze.data.filtering import write_pair_scores
        from alignfreeze.encoders.loading import load_encoder, load_tokenizer
        from alignfreeze.encoders.margin import margin_scores, write_vectors
        from alignfreeze.encoders.subwords import WordTokenizer

        model, device = load_encoder(smk.input.model), torch_device(name)
        tokenizer = WordTokenizer(load_tokenizer(smk.input.model), smk.params.max_length)
        # Beside the output: two files of 1.5 kB a pair, more than a folder in memory may hold.
        output = Path(smk.output[0])
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent) as folder:
            paths = f"{folder}/source", f"{folder}/target"
            pairs = write_vectors(paths, stream_bitext(smk.input.bitext), model, tokenizer, device)
            shape = (pairs, model.config.hidden_size)
            source, target = (np.memmap(path, np.float32, "r", shape=shape) for path in paths)
            scores = margin_scores(source, target, smk.params.neighbours, device)
        write_pair_scores(output, scores, stream_bitext(smk.input.bitext))


if __name__ == "__main__":
    main(snakemake)
