"""What is frozen during realignment: a strategy is a choice of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transformers import PreTrainedModel

from alignfreeze.encoders.anatomy import anatomy, encoder_blocks
from alignfreeze.encoders.blocks import check_shares, frozen_blocks
from alignfreeze.encoders.settings import Freeze


@dataclass(frozen=True)
class FreezeReport:
    """What `freeze` did; counts are parameters (numbers), not tensors."""

    blocks: tuple[int, ...]
    embeddings: bool
    frozen: int
    trainable: int


def freeze(model: PreTrainedModel, strategy: Freeze, freeze_embeddings: bool) -> FreezeReport:
    """Take the strategy's blocks, and the embeddings if asked, out of training.

    Parameters
    ----------
    model : PreTrainedModel
        Changed in place: `requires_grad` of all its parameters is set, whatever it was before.
    strategy : Freeze
        Blocks to freeze; see `frozen_blocks`.
    freeze_embeddings : bool
        Whether to freeze the embeddings, too. They are all parameters that `hidden_states[0]` depends on.

    Returns
    -------
    FreezeReport
        Frozen blocks and how many numbers are frozen and trained, head and pooler included.

    Raises
    ------
    InputError
        See `frozen_blocks` and `check_shares`.
    """
    blocks = encoder_blocks(model)
    chosen = frozen_blocks(strategy, len(blocks))
    check_shares(strategy, [id(block) for block in blocks])
    model.requires_grad_(True)
    for number in chosen:
        blocks[number].requires_grad_(False)
    if freeze_embeddings:
        embeddings = anatomy(model).embeddings
        for name, parameter in model.named_parameters():
            if name in embeddings:
                parameter.requires_grad_(False)
    sizes: Mapping[bool, int] = {
        trained: sum(p.numel() for p in model.parameters() if p.requires_grad is trained) for trained in (True, False)
    }
    return FreezeReport(chosen, freeze_embeddings, sizes[False], sizes[True])
