"""AlignFreeze: realign multilingual encoders with frozen layers, and see which languages gain.

The names below are the public interface (docs/library.md); they are imported when they are first used, so that
`import alignfreeze` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_MODULES = {
    "Bitext": "data.bitext",
    "Encoder": "interface.encoder",
    "InputError": "support.errors",
    "TaskModel": "interface.encoder",
    "align": "interface.alignment",
    "compare": "interface.evaluation",
    "diagnose": "interface.evaluation",
    "evaluate": "interface.evaluation",
    "finetune": "interface.training",
    "load_bitext": "interface.bitext",
    "load_encoder": "interface.encoder",
    "load_gold": "interface.bitext",
    "load_links": "interface.bitext",
    "load_task_model": "interface.encoder",
    "realign": "interface.training",
    "retrieve": "interface.evaluation",
    "save_links": "interface.bitext",
}
__all__ = ["__version__", *_MODULES]

if TYPE_CHECKING:
    from alignfreeze.data.bitext import Bitext as Bitext
    from alignfreeze.interface.alignment import align as align
    from alignfreeze.interface.bitext import load_bitext as load_bitext
    from alignfreeze.interface.bitext import load_gold as load_gold
    from alignfreeze.interface.bitext import load_links as load_links
    from alignfreeze.interface.bitext import save_links as save_links
    from alignfreeze.interface.encoder import Encoder as Encoder
    from alignfreeze.interface.encoder import TaskModel as TaskModel
    from alignfreeze.interface.encoder import load_encoder as load_encoder
    from alignfreeze.interface.encoder import load_task_model as load_task_model
    from alignfreeze.interface.evaluation import compare as compare
    from alignfreeze.interface.evaluation import diagnose as diagnose
    from alignfreeze.interface.evaluation import evaluate as evaluate
    from alignfreeze.interface.evaluation import retrieve as retrieve
    from alignfreeze.interface.training import finetune as finetune
    from alignfreeze.interface.training import realign as realign
    from alignfreeze.support.errors import InputError as InputError


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Names for completion, those not yet imported too."""
    return sorted({*globals(), *__all__})
