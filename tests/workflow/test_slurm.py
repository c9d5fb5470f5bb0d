"""The SLURM profile on a cluster of one node, started from Debian's packages, with four pretended GPUs.

Run by `make test-slurm`. The cluster listens on loopback only and keeps everything below a temporary folder.
"""

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
MISSING = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
# slurmd wants character devices; these are on every Linux and nobody computes on them.
DEVICES = ("null", "zero", "full", "random")
pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}: apt-get install slurm-wlm munge"),
    pytest.mark.skipif(os.geteuid() != 0, reason="slurmd starts jobs as root only"),
]

SLURM_CONF = """\
ClusterName=alignfreeze
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# More cores and memory than the machine has: what runs side by side is decided by the GPUs.
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
GresTypes=gpu
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=32 RealMemory=512000 Gres=gpu:4 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(pid_file):
    """End a daemon that this test started, by its own process id."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Environment of a user of the cluster."""
    folder = tmp_path_factory.mktemp("cluster")
    for name in ("state", "spool", "munge", "bin"):
        (folder / name).mkdir(mode=0o700)
    (folder / "munge" / "key").touch(mode=0o600)
    (folder / "munge" / "key").write_bytes(os.urandom(1024))
    for number, device in enumerate(DEVICES):
        (folder / f"gpu{number}").symlink_to(f"/dev/{device}")
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-3]\n")
    host = socket.gethostname().partition(".")[0]
    settings = folder / "slurm.conf"
    settings.write_text(SLURM_CONF.format(host=host, ports=(free_port(), free_port()), folder=folder))
    # The plugin takes SLURM_CONF out of the environment of its inner srun; other clusters have /etc/slurm.
    srun = folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={settings} exec {shutil.which("srun", path=PATH)} "$@"\n')
    srun.chmod(0o755)
    user = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "SBATCH_", "CUDA_"))}
    user |= {"SLURM_CONF": str(settings), "PATH": f"{folder}/bin:{PATH}"}
    munge = {name: str(folder / "munge" / name) for name in ("key-file", "socket", "pid-file", "log-file", "seed-file")}
    munge["key-file"] = str(folder / "munge" / "key")
    daemons = (
        ["munged", "--force", *(f"--{option}={path}" for option, path in munge.items())],
        ["slurmctld", "-f", str(settings)],
        ["slurmd", "-f", str(settings)],
    )
    try:
        for command in daemons:
            subprocess.run(
                command, env=user, check=True, timeout=60, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        wait_until_idle(user, folder)
        yield user
    finally:
        subprocess.run(["scancel", "--user=root"], env=user, timeout=60, check=False)
        for pid_file in ("slurmd.pid", "slurmctld.pid", "munge/pid-file"):
            stop(folder / pid_file)


def wait_until_idle(user, folder):
    deadline = time.monotonic() + 60
    state = ""
    while time.monotonic() < deadline:
        state = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], env=user, capture_output=True, text=True, timeout=60
        ).stdout.strip()
        if state == "idle":
            return
        time.sleep(0.5)
    logs = "\n".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
    pytest.fail(f"the node is {state or 'not there'} after a minute\n{logs}")


HOLD = """
import os, sys, time
from pathlib import Path
from alignfreeze.support import devices
devices.pytorch_sees_cuda = lambda: True
here = Path(sys.argv[1])
with devices.claimed_device("cuda", here / "locks") as name:
    (here / f"job{os.environ['SLURM_JOB_ID']}").write_text(name)
    deadline = time.monotonic() + 60
    while len(list(here.glob("job*"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
"""


def test_four_jobs_at_a_time_get_a_gpu_each(cluster, tmp_path):
    script = tmp_path / "hold.py"
    script.write_text(HOLD)
    environment = cluster | {"PYTHONPATH": str(ROOT)}
    submit = ["sbatch", "--wait", "--gpus=1", "--mem=100", "--output=/dev/null", "--wrap"]
    command = f"{sys.executable} {script} {tmp_path}"
    jobs = [subprocess.Popen([*submit, command], env=environment, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [job.wait(timeout=120) for job in jobs] == [0] * 4
    assert sorted(path.read_text() for path in tmp_path.glob("job*")) == ["0", "1", "2", "3"]


def test_job_without_a_gpu_takes_none_whatever_its_submitter_saw(cluster, tmp_path):
    code = "import os; from alignfreeze.support import devices; print(devices.visible_devices().names)"
    script = tmp_path / "look.py"
    script.write_text(code)
    subprocess.run(
        ["sbatch", "--wait", "--mem=100", f"--output={tmp_path}/out", "--wrap", f"{sys.executable} {script}"],
        env=cluster | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "0,1"}, check=True, timeout=120,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert (tmp_path / "out").read_text().strip() == "[]"


def small_experiment(path):
    """The tiny experiment with one language, one strategy and a GPU for each job that can use one."""
    config = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())
    config["device"] = "auto"
    config["language_sets"]["all"] = ["de"]
    config["aligners"] = {"dictionary": {}}
    config["realignment"]["strategies"] = {"front": "front"}
    del config["data"]["gold"]
    path.write_text(yaml.safe_dump(config))
    return path


def test_tiny_experiment_runs_through_the_profile(cluster, tmp_path):
    target = "results/tiny/tables/all/scores.csv"
    command = [
        sys.executable, "-m", "snakemake", target, "--snakefile", str(ROOT / "Snakefile"),
        "--directory", str(tmp_path), "--configfile", str(small_experiment(tmp_path / "small.yaml")),
        "--profile", str(ROOT / "profiles" / "slurm"), "--slurm-status-command", "squeue", "--slurm-no-account",
        "--slurm-init-seconds-before-status-checks", "2", "--slurm-keep-successful-logs", "--latency-wait", "10",
    ]  # fmt: skip
    finished = subprocess.run(command, env=cluster, cwd=tmp_path, capture_output=True, text=True, timeout=1500)
    output = finished.stdout + finished.stderr
    assert finished.returncode == 0, output[-6000:]
    with (tmp_path / target).open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert {(row["strategy"], row["seed"], row["language"]) for row in rows} == {
        (strategy, seed, language)
        for strategy in ("baseline", "front")
        for seed in ("31", "42")
        for language in ("en", "de")
    }
    jobs = dict(re.findall(r"Job (\d+) has been submitted with SLURM jobid (\d+)", output))
    # The model, bitext, links, rows; 2 realignments; 4 fine-tunings and evaluations; the table.
    assert len(set(jobs.values())) == 4 + 2 + 4 + 4 + 1, "every job went through the scheduler, none ran here"
    logs = tmp_path / "results" / "tiny" / "logs"
    training = [path.read_text() for part in ("realigned", "finetuned") for path in (logs / part).rglob("*.log")]
    assert len(training) == 6
    assert all(re.search(r"using GPU [0-3]\n", log) for log in training)
