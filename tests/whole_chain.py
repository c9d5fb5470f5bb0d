"""A small experiment from text to tables in one process, and what interrupts it: kills, full disks, a second run.

The jobs are the workflow's own scripts on a tiny encoder of random weights. As Snakemake does, a job that was not noted
as done loses its output and runs again. Each trial is a forked process, so that nothing is imported twice.
"""

import contextlib
import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from support import tiny_encoder, wordpiece_tokenizer
from tagging_support import TAG

from alignfreeze.support.errors import InputError
from workflow_scripts import align_dictionary, build_bitext, collect_scores, encode_pairs, evaluate, finetune, realign

VOLATILE = ("wall_seconds", "tokens_per_second", "peak_memory_mib", "output")
WRITES = ("os.mkdir", "os.rename", "os.link", "shutil.copyfile")
REMOVALS = ("os.remove", "os.rmdir", "shutil.rmtree")
FULL, CRASHED = 3, 4  # exit codes


class Named(dict):
    """Snakemake's named lists, as far as the scripts use them."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key):
        return [*self.values()][key] if isinstance(key, int) else super().__getitem__(key)


def write_inputs(folder):
    """Text, dictionary, treebanks and an encoder."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    translations, words = {"a": "c", "b": "ab", "abcd": "cdab", "cd": "gh", "ef": "e"}, list(TAG)
    sentences = [list(rng.permutation(list(translations))[: rng.integers(2, 6)]) for _ in range(24)]
    (folder / "en.txt").write_text("".join(f"{' '.join(words)}\n" for words in sentences))
    targets = ([translations[word] for word in rng.permutation(words)] for words in sentences)
    (folder / "de.txt").write_text("".join(f"{' '.join(words)}\n" for words in targets))
    (folder / "dictionary.txt").write_text("".join(f"{a}\t{b}\n" for a, b in translations.items()))
    for name in ("train", "test"):
        sentences = [[str(word) for word in rng.choice(words, rng.integers(3, 8))] for _ in range(12)]
        lines = ("".join(f"{i}\t{w}\t_\t{TAG[w]}" + "\t_" * 6 + "\n" for i, w in enumerate(s, 1)) for s in sentences)
        (folder / f"{name}.conllu").write_text("\n".join(lines) + "\n")
    tiny_encoder("bert").save_pretrained(folder / "model")
    wordpiece_tokenizer().save_pretrained(folder / "model")


def jobs_of(inputs, work):
    """The jobs in their order: output, and what makes it."""
    run = {"model": "tiny", "strategy": "full", "aligner": "dictionary", "realignment_languages": "all", "seed": "31"}
    training = {"resume_every": 2, "checkpoint": "steps6"}
    outputs = {
        "bitext": "bitext.parquet", "alignments": "alignments.txt", "encoded": "encoded", "realigned": "realigned",
        "finetuned": "finetuned", "scores": "scores.csv", "table": "tables/scores.csv",
    }  # fmt: skip
    at = {name: str(work / path) for name, path in outputs.items()}

    def job(script, name, input_files, params):
        smk = SimpleNamespace(
            input=Named(input_files), output=Named({name: at[name]}), params=Named(params | {"code": {}}),
            wildcards=Named(run | {"lang": "de", "task": "udpos"}), config={"device": "cpu", "trackers": []},
            log=[str(work / "logs" / f"{name}.log")],
        )  # fmt: skip
        return Path(at[name]), lambda: script.main(smk)

    text = {"source": str(inputs / "en.txt"), "target": str(inputs / "de.txt")}
    sampling = {"segmented": True, "sample": None, "seed": 0, "sampling": "ours", "source_language": "en"}
    recipe = {"batch_size": 4, "learning_rate": 1e-3}
    return [
        job(build_bitext, "bitext", text, sampling),
        job(
            align_dictionary, "alignments",
            {"bitext": at["bitext"], "dictionary": str(inputs / "dictionary.txt")},
            {"matching": "exact", "order": "source_first"},
        ),
        job(
            encode_pairs, "encoded",
            {"model": str(inputs / "model"), "bitext": [at["bitext"]], "alignments": [at["alignments"]]},
            {"languages": ["de"], "max_length": 20, "max_rows": {}, "objective": "words", "word": "first"},
        ),
        job(
            realign, "realigned", {"model": str(inputs / "model"), "rows": at["encoded"], "blocks": []},
            training | {"languages": ["de"], "steps": [3, 6], "settings": recipe, "state": str(work / "state/r.pt")},
        ),
        job(
            finetune, "finetuned",
            {"start": at["realigned"], "train": str(inputs / "train.conllu"), "rows": [], "blocks": []},
            training | {
                "kind": "udpos", "settings": recipe | {"epochs": 2},
                "encoding": {"max_length": 20}, "train_items": None, "source": "en",
                "max_train_items": None, "interleaving": None, "state": str(work / "state/f.pt"),
            },
        ),
        job(
            evaluate, "scores", {"model": at["finetuned"], "tests": [str(inputs / "test.conllu")] * 2},
            {
                "kind": "udpos", "experiment": "tiny", "source": "en", "languages": ["en", "de"],
                "encoding": {"max_length": 20},
                "max_test_items": None,
            },
        ),
        job(collect_scores, "table", {"scores": [at["scores"]]}, {}),
    ]  # fmt: skip


def remove(path):
    """As Snakemake removes the output of a job that was not noted as done."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def run_chain(inputs, work):
    """Run what is not done."""
    for output, run in jobs_of(inputs, work):
        done = work.with_name("done") / output.relative_to(work)  # noted where nothing is disturbed
        if not done.is_dir():
            remove(output)
            run()
            done.mkdir(parents=True)


def outcome_of(work):
    """Content of everything that was made, by path; of a record, what does not tell the time."""
    found = {}
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work).as_posix()
        if not path.is_file() or name.startswith("logs/"):
            continue
        content = path.read_bytes()
        if path.name == "run.json":
            record = {key: value for key, value in json.loads(content).items() if key not in VOLATILE}
            content = json.dumps(record).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


# What interrupts it.


def on_write(folder, at, act, events):
    """Call `act` before the write number `at` below a folder; returns a list whose length is the number seen."""
    seen, start = [], f"{folder}{os.sep}"

    def hook(event, arguments):
        if event == "open":
            path, mode, flags = arguments
            if not (mode and set(mode) & set("wax+")) and not (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event in events:
            path = arguments[-1] if event == "shutil.copyfile" else arguments[0]
        else:
            return
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(start):
            seen.append(os.fspath(path))
            if len(seen) == at:
                act(os.fspath(path))

    sys.addaudithook(hook)
    return seen


def kill(_):
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk(path):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def forked(work, do):
    """Run a function in a forked process; its process id. What it prints goes to a file."""
    pid = os.fork()
    if pid:
        return pid
    code = 0
    with (work / "printed.txt").open("a") as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        try:
            do()
        except InputError as error:
            print(error)
            code = FULL if "no space left" in str(error) else CRASHED
        except BaseException as error:
            print(f"{type(error).__name__}: {error}")
            traceback.print_exc()
            code = CRASHED
        sys.stdout.flush()
    os._exit(code)


def ended(pid):
    """Exit code of a process; negative: the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Trials:
    """Interrupted runs beside one that nothing disturbs."""

    def __init__(self, folder):
        self.folder, self.inputs = folder, folder / "inputs"
        write_inputs(self.inputs)
        self.number, self.failed = 0, []
        self.undisturbed = self.new()
        started = time.monotonic()
        assert self.run(self.undisturbed) == 0, (self.undisturbed / "printed.txt").read_text()
        self.seconds = time.monotonic() - started
        self.expected = outcome_of(self.undisturbed / "work")

    def new(self):
        """A folder for a run."""
        self.number += 1
        folder = self.folder / f"run{self.number}"
        (folder / "work").mkdir(parents=True)
        return folder

    def run(self, folder, before=lambda: None):
        """One process to its end, which `before` may bring about; the exit code."""
        return ended(forked(folder, lambda: (before(), run_chain(self.inputs, folder / "work"))))

    def writes(self, events):
        """Number of writes of an undisturbed run."""
        folder = self.new()

        def count():
            seen = on_write(folder / "work", 0, None, events)
            run_chain(self.inputs, folder / "work")
            (folder / "count").write_text(str(len(seen)))

        assert ended(forked(folder, count)) == 0
        self.finish(folder, "counted")
        return int((folder / "count").read_text()) if folder.exists() else 0

    def finish(self, folder, name, ran=0):
        """The same call once more, without disturbance; its outcome is compared."""
        code = ran or self.run(folder)
        found = outcome_of(folder / "work")
        if code or found != self.expected:
            different = sorted({path for path, _ in {*found.items()} ^ {*self.expected.items()}})
            printed = (folder / "printed.txt").read_text()[-1_000:]
            self.failed.append(f"{name}: exit code {code}, {len(different)} files differ {different[:3]}\n{printed}")
        return code == 0 and found == self.expected

    def killed_at_writes(self, numbers):
        """Kill the run before its write number k, for each k; then once more to the end."""
        for at in numbers:
            folder = self.new()
            code = self.run(folder, lambda: on_write(folder / "work", at, kill, WRITES + REMOVALS))  # noqa: B023
            assert code == -signal.SIGKILL, (at, code)
            self.done(folder, self.finish(folder, f"killed before write {at}"))

    def killed_at_random(self, count, generator):
        """Kill a run again and again at random times, at most five times; then let it end."""
        kills = 0
        for trial in range(count):
            folder = self.new()
            for _ in range(generator.randint(1, 5)):
                pid = forked(folder, lambda: run_chain(self.inputs, folder / "work"))  # noqa: B023
                time.sleep(generator.uniform(0, self.seconds))
                os.kill(pid, signal.SIGKILL)
                kills += ended(pid) == -signal.SIGKILL
            self.done(folder, self.finish(folder, f"random kills, trial {trial}"))
        return kills

    def full_at_writes(self, numbers):
        """Let the disk be full at write number k: the message says so, and the next run ends as if nothing was."""
        for at in numbers:
            folder = self.new()
            code = self.run(folder, lambda: on_write(folder / "work", at, fill_disk, WRITES))  # noqa: B023
            # 0: the write was not needed, such as of a folder that is there, or was made in another way.
            whole = self.finish(folder, f"full at write {at}", ran=0 if code == FULL else code)
            self.done(folder, whole)

    def full_at_sizes(self, sizes):
        """A file system that is too small, of each size, then large enough."""
        for size in sizes:
            folder = self.new()
            with small_disk(folder / "work", size) as enlarge:
                code = self.run(folder)
                enlarge()
                whole = self.finish(folder, f"disk of {size} bytes", ran=0 if code == FULL else code or -1)
            self.done(folder, whole)

    def two_at_once(self, count, generator):
        """The same training twice at once, as a job that outlives its killed workflow and its successor."""
        for trial in range(count):
            folder = self.new()
            work = folder / "work"
            shutil.copytree(self.undisturbed, folder, dirs_exist_ok=True)
            jobs = [jobs_of(self.inputs, work)[place] for place in (3, 4)]
            for output, run in jobs:
                remove(output)
                pids = [forked(folder, run)]
                time.sleep(generator.uniform(0, self.seconds / 3))
                remove(output)
                pids.append(forked(folder, run))
                codes = [ended(pid) for pid in pids]
                if any(codes):
                    self.failed.append(f"two at once, trial {trial}: {codes}\n{(folder / 'printed.txt').read_text()}")
            self.done(folder, self.finish(folder, f"two at once, trial {trial}"))

    def done(self, folder, whole):
        """Nothing of a run that went well is kept."""
        if whole:
            shutil.rmtree(folder)


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of its own with so many bytes at a folder; yields what makes it large."""
    options = ["mount", "-t", "tmpfs", "tmpfs", str(folder), "-o"]
    subprocess.run([*options, f"size={size}"], check=True, capture_output=True)
    try:
        yield lambda: subprocess.run([*options, "remount,size=100m"], check=True, capture_output=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def main(kind, folder, stride=1):
    """Make the trials of a kind and print what came out, as JSON."""
    torch.set_num_threads(1)  # forked processes share it; the number of threads decides the order of adding
    trials, generator = Trials(Path(folder)), random.Random(0)
    kills, skipped = 0, ""
    if kind == "writes":
        numbers = range(1, trials.writes(WRITES + REMOVALS) + 1, int(stride))
        trials.killed_at_writes(numbers)
        kills = len(numbers)
    elif kind == "random":
        kills = trials.killed_at_random(50 // int(stride), generator)
    elif kind == "full":
        trials.full_at_writes(range(1, trials.writes(WRITES) + 1, int(stride)))
    elif kind == "twice":
        trials.two_at_once(10 // int(stride), generator)
    else:
        whole = sum(path.stat().st_size for path in (trials.undisturbed / "work").rglob("*") if path.is_file())
        try:
            trials.full_at_sizes([int(whole * place / 30) for place in range(1, 30)])
        except subprocess.CalledProcessError as error:
            skipped = f"no small file system can be mounted here: {error.stderr.decode()}"
    trials.number -= kind in ("writes", "full")  # the run that was counted
    counts = {"runs": trials.number - 1, "kills": kills, "failed": trials.failed, "skipped": skipped}
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
