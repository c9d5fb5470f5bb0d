"""Align the bitext and the gold-linked sentences by an encoder's states."""

from typing import Any

from alignfreeze.support.devices import claimed_device, torch_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write Pharaoh lines."""
    configure_logging(smk.log[0])
    with claimed_device(smk.config["device"]) as name:
        from alignfreeze.aligners.awesome import align
        from alignfreeze.aligners.settings import AwesomeSettings
        from alignfreeze.data.bitext import stream_bitext
        from alignfreeze.data.gold import read_gold_bitext
        from alignfreeze.data.pharaoh import write_alignments
        from alignfreeze.encoders.loading import load_encoder, load_tokenizer, positions
        from alignfreeze.encoders.settings import DEFAULT_MAX_LENGTH
        from alignfreeze.encoders.subwords import WordTokenizer

        model = load_encoder(smk.input.model)
        settings, device = AwesomeSettings(**smk.params.settings), torch_device(name)
        max_length = settings.max_length or positions(model.config) or DEFAULT_MAX_LENGTH
        tokenizer = WordTokenizer(load_tokenizer(smk.input.model), max_length)
        parts = stream_bitext(smk.input.bitext)
        links = (links for part in parts for links in align(part, model, tokenizer, settings, device))
        write_alignments(smk.output.alignments, links)
        if "gold" in smk.output.keys():  # noqa: SIM118 - snakemake's named list looks up values
            gold = read_gold_bitext(smk.input.gold_source, smk.input.gold_target)
            write_alignments(smk.output.gold, align(gold, model, tokenizer, settings, device))


if __name__ == "__main__":
    main(snakemake)
