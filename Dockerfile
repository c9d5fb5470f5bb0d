# The environment of requirements.lock, for CPUs and NVIDIA GPUs alike:
#   docker build -t alignfreeze .        or        apptainer build alignfreeze.sif docker-daemon://alignfreeze:latest
#   docker run --rm --gpus all --ipc=host --user "$(id -u):$(id -g)" -v "$PWD:/work" alignfreeze --cores 8
# Arguments go to snakemake; /work is your checkout, results and downloads stay in it. Without a GPU leave out --gpus.
# This recipe was checked against the lock file by tests/test_environment.py; it has not been built there.
FROM python:3.11-slim-bookworm

# git: run.json records the checkout's commit.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /work

# On Linux PyPI's torch is a CUDA build that brings its own libraries; the host needs the driver only.
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --requirement /tmp/requirements.lock && pip check

# Any user may run it: caches lie where everyone can write.
ENV HOME=/tmp \
    XDG_CACHE_HOME=/tmp/cache \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONUNBUFFERED=1
WORKDIR /work
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
