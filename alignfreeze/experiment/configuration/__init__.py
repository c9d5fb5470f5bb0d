"""One typed description of an experiment: checks, JSON schema, reference page and plain attributes come from it."""

from alignfreeze.experiment.configuration.experiment import (
    Experiment,
    PublishedExperiment,
)
from alignfreeze.experiment.configuration.loading import load, read_yaml

__all__ = ["Experiment", "PublishedExperiment", "load", "read_yaml"]
