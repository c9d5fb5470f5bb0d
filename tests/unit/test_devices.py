import itertools
import json
import os
import select
import shutil
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


# NVML as a C library, so that nvidia-ml-py itself is asked. GPU 1 is cut into MIG devices, named as new and as old
# drivers name them, with a gap; GPU 2 is cut into none; GPU 3 is lost. FAULT is what starting it returns.
NVML = """
#include <string.h>
int nvmlInitWithFlags(unsigned flags) { return FAULT; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 5; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **gpu) {
    *gpu = (void *)(size_t)(index + 1);
    return index == 3 ? 15 : 0;
}
int nvmlDeviceGetMigMode(void *gpu, unsigned *now, unsigned *later) {
    *now = *later = (size_t)gpu == 2 || (size_t)gpu == 3;
    return (size_t)gpu == 1 ? 3 : 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *gpu, unsigned *count) { *count = 7; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *gpu, unsigned index, void **part) {
    *part = (void *)(size_t)(100 + index);
    return (size_t)gpu == 2 && (index == 0 || index == 2) ? 0 : 6;
}
int nvmlDeviceGetUUID(void *part, char *uuid, unsigned size) {
    strncpy(uuid, (size_t)part == 100 ? "MIG-c7384736-a75d-5afc-978f-d2f1294409fd" : "MIG-GPU-e86cb44c/2/0", size);
    return 0;
}
"""
ASK = """
import logging, sys
logging.basicConfig(format="%(levelname)s %(message)s")
from alignfreeze.support.devices import visible_devices
names, reason = visible_devices()
print(*names, sep="\\n")
print(reason, file=sys.stderr)
"""


@pytest.fixture
def ask_driver(tmp_path):
    """Asks in a process of its own a driver whose start returns `fault`; names, and what is said."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler to build a stand-in for the driver's library")

    def ask(fault, **environment):
        (tmp_path / "nvml.c").write_text(NVML)
        library = tmp_path / "libnvidia-ml.so.1"
        if isinstance(fault, int):
            subprocess.run([compiler, f"-DFAULT={fault}", "-shared", "-o", library, tmp_path / "nvml.c"], check=True)
        elif fault is not None:
            library.write_text(fault)
        environment |= {"PYTHONPATH": str(ROOT), "LD_LIBRARY_PATH": str(tmp_path)}
        asked = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
        return asked.stdout.split(), asked.stderr

    return ask


def test_driver_names_the_devices(ask_driver):
    names, said = ask_driver(0)
    assert names == ["0", "MIG-c7384736-a75d-5afc-978f-d2f1294409fd", "MIG-GPU-e86cb44c/2/0", "4"]
    assert "WARNING GPU 2 is in MIG mode, but not cut into devices" in said
    assert "WARNING GPU 3 cannot be used: NVIDIA's driver says GPU is lost" in said
    assert ask_driver(0, SLURM_JOB_ID="100")[0] == [], "the node's other GPUs belong to other jobs"


@pytest.mark.parametrize(("fault", "said"), [(9, "Driver Not Loaded"), (18, "version mismatch"), (999, "Unknown")])
def test_driver_that_does_not_answer_is_a_warning(ask_driver, fault, said):
    names, warned = ask_driver(fault)
    assert names == []
    assert "WARNING NVIDIA's driver does not answer" in warned
    assert said.lower() in warned.lower()


@pytest.mark.parametrize("library", [None, "no library"])
def test_machine_without_a_driver_is_no_warning(ask_driver, library):
    if devices.KERNEL_DRIVER.exists():
        pytest.skip("this machine has the driver")
    names, said = ask_driver(library)
    assert names == []
    assert said == "no NVIDIA driver on this machine\n"


def test_driver_without_its_library_is_a_warning(monkeypatch, tmp_path, caplog):
    def missing():
        raise devices.pynvml.NVMLError_LibraryNotFound

    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "version").touch()
    monkeypatch.setattr(devices, "KERNEL_DRIVER", tmp_path / "version")
    monkeypatch.setattr(devices.pynvml, "nvmlInit", missing)
    assert visible_devices().names == []
    assert "the kernel has NVIDIA's driver, but its library libnvidia-ml.so.1 cannot be loaded" in caplog.text


@pytest.mark.parametrize(
    ("choice", "visible", "usable", "said"),
    [
        ("cpu", "0", True, "device is cpu: running on the CPU"),
        ("auto", "", True, "CUDA_VISIBLE_DEVICES is '': running on the CPU"),
        ("auto", "4,7", True, "using GPU 4, the first free one (CUDA_VISIBLE_DEVICES is '4,7')"),
        ("auto", "4", False, "PyTorch sees no CUDA device at GPU 4: running on the CPU"),
    ],
)
def test_log_tells_which_device_and_why(monkeypatch, tmp_path, caplog, choice, visible, usable, said):
    caplog.set_level("INFO")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(devices, "pytorch_sees_cuda", lambda: usable)
    with claimed_device(choice, tmp_path / "locks"):
        pass
    assert said in caplog.text


def other_user_s(folder):
    folder.mkdir()
    os.chown(folder, 12345, -1)


@pytest.mark.parametrize(
    "put",
    [
        pytest.param(lambda path: path.symlink_to(path.parent), id="link"),
        pytest.param(lambda path: path.symlink_to(path.parent / "nowhere"), id="dangling link"),
        pytest.param(lambda path: path.touch(), id="file"),
        pytest.param(lambda path: (path.mkdir(), path.chmod(0o777)), id="folder that all can write to"),
        pytest.param(
            other_user_s,
            id="another user's folder",
            marks=pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away"),
        ),
    ],
)
def test_folder_of_locks_that_is_not_one_s_own_is_refused(monkeypatch, tmp_path, put):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    put(tmp_path / "locks")
    with (
        pytest.raises(InputError, match=r"locks: .*; remove it, or set TMPDIR to a folder of your own"),
        claimed_device("auto", tmp_path / "locks"),
    ):
        pass
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("gpu-")]


def test_folder_of_locks_is_made_for_its_user_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(devices, "pytorch_sees_cuda", lambda: True)
    with claimed_device("auto", tmp_path / "locks") as name:
        assert name == "0"
    assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700


def test_cpu_takes_no_device_and_hides_all(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with claimed_device("cpu", tmp_path / "locks") as name:
        assert name is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert not (tmp_path / "locks").exists()


def test_cuda_without_a_device_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with (
        pytest.raises(
            InputError,
            match=r"device: 'cuda', but no GPU is visible \(CUDA_VISIBLE_DEVICES is '-1'\); write device: auto or cpu",
        ),
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
    assert visible_devices().names == names


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
    code = "import sys; from alignfreeze.support import devices; sys.exit(devices.pytorch_sees_cuda())"
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
