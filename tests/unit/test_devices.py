import itertools
import json
import os
import select
import subprocess
import sys

import pytest
from support import ROOT

from alignfreeze.support import devices
from alignfreeze.support.devices import claimed_device, torch_device, visible_devices
from alignfreeze.support.errors import InputError

JOB = """
import os, sys
from pathlib import Path
from alignfreeze.support import devices
devices.POLL_SECONDS = 0.05
devices.pytorch_sees_cuda = lambda: True  # the devices are pretended
with devices.claimed_device("auto", Path(sys.argv[1])) as name:
    print(name, os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def start(tmp_path):
    """Starts jobs that hold a device until they are told to end."""
    jobs = []

    def one(visible="0,1,2,3", **environment):
        environment |= {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": visible}
        command = [sys.executable, "-c", JOB, str(tmp_path / "locks")]
        job = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        jobs.append(job)
        return job

    yield one
    for job in jobs:
        job.kill()
        job.communicate()


def device_of(job):
    assert select.select([job.stdout], [], [], 60)[0], "no device within a minute"
    name, only_visible = job.stdout.readline().split()
    assert name == only_visible, "the process must see its own device only"
    return name


def end(job):
    job.communicate("\n", timeout=30)
    assert job.returncode == 0


def still_waits(job):
    said_something, _, _ = select.select([job.stdout], [], [], 1.5)
    return not said_something and job.poll() is None


def test_four_jobs_take_four_devices_and_a_fifth_waits(start):
    jobs = [start() for _ in range(4)]
    names = [device_of(job) for job in jobs]
    assert sorted(names) == ["0", "1", "2", "3"]
    fifth = start()
    assert still_waits(fifth)
    end(jobs[2])
    assert device_of(fifth) == names[2]


def test_device_of_a_killed_job_is_free_again(start):
    first = start(visible="7")
    assert device_of(first) == "7"
    second = start(visible="7")
    assert still_waits(second)
    first.kill()
    assert device_of(second) == "7"


def test_slurm_s_assignment_is_taken_without_waiting_for_other_slurm_jobs(start):
    """On a node that shows each job its own device as number 0, two jobs must not wait for each other."""
    first, second = (start(visible="0", SLURM_JOB_ID=job) for job in ("100", "101"))
    assert [device_of(first), device_of(second)] == ["0", "0"]


def test_processes_of_one_slurm_job_share_its_devices_out(start):
    """Snakemake run inside an allocation of two devices."""
    first, second = (start(visible="2,5", SLURM_JOB_ID="100") for _ in range(2))
    assert sorted([device_of(first), device_of(second)]) == ["2", "5"]


def test_no_device_means_the_cpu(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with claimed_device("auto", tmp_path) as name:
        assert name is None
        assert torch_device(name).type == "cpu"


def test_machine_without_the_driver_s_tool_has_no_device(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_devices() == []


# MIG devices as new and as old drivers name them.
LISTING = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-11aa)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-e86cb44c)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 3g.20gb     Device  1: (UUID: MIG-GPU-e86cb44c/2/0)
GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-22bb)"""


def test_driver_s_tool_names_the_devices(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{LISTING}'\n")
    tool.chmod(0o755)
    assert visible_devices() == ["0", "MIG-c7384736-a75d-5afc-978f-d2f1294409fd", "MIG-GPU-e86cb44c/2/0", "2"]
    monkeypatch.setenv("SLURM_JOB_ID", "100")
    assert visible_devices() == [], "the node's other GPUs belong to other jobs"
    monkeypatch.delenv("SLURM_JOB_ID")
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert visible_devices() == []


def test_cpu_takes_no_device_and_hides_all(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with claimed_device("cpu", tmp_path / "locks") as name:
        assert name is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert not (tmp_path / "locks").exists()


def test_cuda_without_a_device_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with (
        pytest.raises(InputError, match="device: 'cuda', but no GPU is visible; write device: auto or cpu"),
        claimed_device("cuda", tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"CUDA_VISIBLE_DEVICES": "3", "SLURM_STEP_GPUS": "7"}, ["3"]),
        ({"SLURM_STEP_GPUS": "2", "SLURM_JOB_GPUS": "2,5"}, ["2"]),
        ({"SLURM_JOB_GPUS": "2,5"}, ["2", "5"]),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, []),
        ({}, []),
    ],
)
def test_slurm_s_variables(monkeypatch, environment, names):
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (environment | {"SLURM_JOB_ID": "100"}).items():
        monkeypatch.setenv(name, value)
    assert visible_devices() == names


def test_gpu_that_pytorch_cannot_use(monkeypatch, tmp_path, caplog):
    """A CPU build of PyTorch, or a driver that is too old, on a machine with GPUs."""
    monkeypatch.setattr(devices, "pytorch_sees_cuda", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    with claimed_device("auto", tmp_path) as name:
        assert torch_device(name).type == "cpu"
    assert "PyTorch sees no CUDA device at GPU 5: running on the CPU" in caplog.text
    with pytest.raises(InputError, match="GPU 5; install a CUDA build of torch"), claimed_device("cuda", tmp_path):
        pass


def test_pytorch_is_asked_for_the_claimed_device_only():
    """A CPU build says no; with a CUDA build, a device that does not exist is none either."""
    code = "import sys; from alignfreeze import devices; sys.exit(devices.pytorch_sees_cuda())"
    environment = {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "99"}
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment).returncode == 0


WORKFLOW = """
rule all:
    input: expand("job{n}.json", n=range(6))

rule one:
    output: "job{n}.json"
    resources: gpu=1
    script: "job.py"
"""
SCRIPT = """
import json, time
from pathlib import Path
from alignfreeze.support import devices
devices.POLL_SECONDS = 0.05
devices.pytorch_sees_cuda = lambda: True
with devices.claimed_device("auto", Path("locks")) as name:
    start = time.time()
    Path(f"started{snakemake.wildcards.n}").touch()
    while len(list(Path().glob("started*"))) < 4 and time.time() < start + 60:
        time.sleep(0.05)
    time.sleep(0.3)
    end = time.time()
Path(snakemake.output[0]).write_text(json.dumps([name, start, end]))
"""


@pytest.mark.workflow
def test_four_local_jobs_of_snakemake_compute_on_four_devices(tmp_path):
    (tmp_path / "Snakefile").write_text(WORKFLOW)
    (tmp_path / "job.py").write_text(SCRIPT)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "8", "--resources", "gpu=4", "--quiet", "all"],
        cwd=tmp_path, env=environment | {"CUDA_VISIBLE_DEVICES": "0,1,2,3", "PYTHONPATH": str(ROOT)},
        check=True, timeout=300, capture_output=True,
    )  # fmt: skip
    jobs = [json.loads((tmp_path / f"job{n}.json").read_text()) for n in range(6)]
    assert {name for name, _, _ in jobs} == {"0", "1", "2", "3"}
    for (first, start, end), (second, other_start, other_end) in itertools.combinations(jobs, 2):
        assert first != second or end <= other_start or other_end <= start
    side_by_side = [sum(start <= moment <= end for _, start, end in jobs) for _, moment, _ in jobs]
    assert max(side_by_side) == 4


def test_device_is_free_again_after_an_error(monkeypatch, tmp_path):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr(devices, "pytorch_sees_cuda", lambda: True)
    for _ in range(2):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1a/2")
        with pytest.raises(RuntimeError, match="GPU-1a/2"), claimed_device("auto", tmp_path) as name:
            raise RuntimeError(name)


def test_locks_are_a_folder_of_each_user():
    """Another user's lock files could not be opened."""
    assert str(os.getuid()) in devices.LOCK_FOLDER.name


def test_module_does_not_import_pytorch():
    """It decides what PyTorch will see, and so must come before it."""
    code = "import sys, alignfreeze.support.devices; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}).returncode == 0
