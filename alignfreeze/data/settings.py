"""Settings of how data is read. No PyTorch, no pyarrow."""

from __future__ import annotations

from typing import Literal

Sampling = Literal["uniform", "first"]

Scorer = Literal["margin", "cometkiwi"]
"""What scores a sentence pair for the quality filter."""
