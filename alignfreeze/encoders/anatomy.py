"""Where an encoder's parts are: found by running it once on a few tokens, whatever its architecture is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from transformers import PreTrainedModel

from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.support.errors import InputError


@dataclass(frozen=True)
class Anatomy:
    """Names of an encoder's parts.

    Attributes
    ----------
    stack : str
        The list of blocks, a module of `text_encoder(model)`.
    order : tuple of int
        For each state but the lowest, the number in `stack` of the module that makes it: 0, 1, 2, ... but where blocks
        share their weights (ALBERT).
    embeddings : frozenset of str
        Parameters that `hidden_states[0]` depends on.
    used : frozenset of str
        Parameters that the last state depends on; a pooler or a decoder is not among them.
    """

    stack: str
    order: tuple[int, ...]
    embeddings: frozenset[str]
    used: frozenset[str]


@dataclass(frozen=True)
class _Call:
    """One call of a module: what it read and wrote."""

    number: int
    read: Any
    written: Any


_known: WeakKeyDictionary[nn.Module, Anatomy] = WeakKeyDictionary()


def text_encoder(model: PreTrainedModel) -> PreTrainedModel:
    """The part of a model that turns text into states: the model itself, or its encoder where it has a decoder, too.

    Parameters
    ----------
    model : PreTrainedModel
        An encoder, or a model of encoder and decoder.

    Returns
    -------
    PreTrainedModel
        A part of `model`, no copy of it.
    """
    encoder: PreTrainedModel = model.get_encoder() if model.config.is_encoder_decoder else model
    return encoder


def anatomy(model: PreTrainedModel) -> Anatomy:
    """Find the parts of an encoder; each model is examined once.

    Parameters
    ----------
    model : PreTrainedModel
        Looked at once; the result is kept as long as the model lives.

    Returns
    -------
    Anatomy

    Raises
    ------
    InputError
        The model has no stack of blocks each of which makes one of its hidden states, or is no encoder.
    """
    if model not in _known:
        _known[model] = _examine(model)
    return _known[model]


def encoder_blocks(model: PreTrainedModel) -> list[nn.Module]:
    """Transformer blocks, lowest first; a module stands there as often as it runs (ALBERT's share their weights).

    Parameters
    ----------
    model : PreTrainedModel

    Returns
    -------
    list of torch.nn.Module
        L blocks.

    Raises
    ------
    InputError
        See `anatomy`.
    """
    parts = anatomy(model)
    stack = text_encoder(model).get_submodule(parts.stack)
    assert isinstance(stack, nn.ModuleList)
    return [stack[number] for number in parts.order]


class _ReachedError(Exception):
    """Carries the state that a block was about to read."""

    def __init__(self, state: torch.Tensor) -> None:
        self.state = state


def state_at(
    model: PreTrainedModel, layer: int, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Exactly `hidden_states[layer]` of an encoder; blocks above do not run.

    What a block reads is the state below it, so the model is left as soon as that block is called: nothing is changed
    in it, and a norm that belongs to the last state alone is not applied to another.

    Parameters
    ----------
    model : PreTrainedModel
    layer : int
        0 (embeddings) to the number of blocks (last state).
    input_ids : torch.Tensor
        (B, T) int64.
    attention_mask : torch.Tensor, optional
        (B, T), True or 1 where a row has a subword.

    Returns
    -------
    torch.Tensor
        (B, T, h).
    """
    encoder, blocks = text_encoder(model), encoder_blocks(model)
    # As whole numbers: DeBERTa's convolution subtracts the mask, which PyTorch refuses for booleans.
    mask = None if attention_mask is None else attention_mask.long()
    if layer == len(blocks):
        state: torch.Tensor = encoder(input_ids=input_ids, attention_mask=mask)[0]
        return state

    earlier = sum(block is blocks[layer] for block in blocks[:layer])  # more than 0 where blocks share their weights

    def leave(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal earlier
        earlier -= 1
        if earlier >= 0:
            return
        raise _ReachedError(_first_state(arguments, named))

    hook = blocks[layer].register_forward_pre_hook(leave, with_kwargs=True)
    try:
        encoder(input_ids=input_ids, attention_mask=mask)
    except _ReachedError as reached:
        return reached.state
    finally:
        hook.remove()
    raise InputError(f"{type(model).__name__}: block {layer} did not run; set layerdrop to 0 in its config.json")


def _first_state(arguments: tuple[Any, ...], named: dict[str, Any]) -> torch.Tensor:
    state: torch.Tensor = arguments[0] if arguments else named["hidden_states"]
    return state


@contextmanager
def _as_in_evaluation(model: nn.Module) -> Iterator[None]:
    """No dropout, and a graph through all parameters, whatever is frozen; as it was afterwards."""
    training = {module: module.training for module in model.modules()}
    trained = {parameter: parameter.requires_grad for parameter in model.parameters()}
    with torch.inference_mode(False), torch.enable_grad():
        try:
            model.eval().requires_grad_(True)
            yield
        finally:
            for module, mode in training.items():
                module.training = mode
            for parameter, mode in trained.items():
                parameter.requires_grad_(mode)


def _examine(model: PreTrainedModel) -> Anatomy:
    name, encoder = type(model).__name__, text_encoder(model)
    if not isinstance(getattr(model.config, "hidden_size", None), int):
        raise InputError(
            f"{name}: its config.json does not say how wide a state is (hidden_size); take another encoder"
        )
    stacks = {path: part for path, part in encoder.named_modules() if isinstance(part, nn.ModuleList) and len(part)}
    calls: dict[str, list[_Call]] = {path: [] for path in stacks}
    with _as_in_evaluation(model), ExitStack() as hooks:
        for path, stack in stacks.items():
            for number, module in enumerate(stack):
                hook = module.register_forward_hook(_recorder(calls[path], number), with_kwargs=True)
                hooks.callback(hook.remove)
        # Two rows that differ in their last token: ids that every vocabulary has.
        words: Any = model.get_input_embeddings()
        largest = len(words.weight) - 1
        ids = torch.tensor([[0, largest, 0], [0, largest, largest]], device=model.device)
        try:
            output = encoder(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
            states, last = output.hidden_states, output[0]
        except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
            if is_out_of_memory(error):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{name}: it does not run on text alone ({reason}); take another encoder") from error
        if torch.equal(last[0, 0], last[1, 0]):
            raise InputError(f"{name}: no encoder, a word's state does not depend on the words after it")
        found = [path for path, made in calls.items() if _makes(made, states)]
        if not found:
            raise InputError(f"{name}: blocks not found, no list of modules makes its hidden states one by one")
        order = tuple(call.number for call in calls[found[0]])
        names = {parameter: path for path, parameter in model.named_parameters()}
        return Anatomy(found[0], order, _parameters(states[0], names), _parameters(last, names))


def _recorder(calls: list[_Call], number: int) -> Any:
    def record(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        written = output[0] if isinstance(output, tuple) else output
        calls.append(_Call(number, arguments[0] if arguments else named.get("hidden_states"), written))

    return record


def _makes(calls: list[_Call], states: tuple[torch.Tensor, ...]) -> bool:
    """Whether modules ran in order, one call for each state, and each read one hidden state and wrote the next.

    DeBERTa has a convolution beside its first block, so that not every one has to write the next one's state itself.
    """
    numbers = [call.number for call in calls]
    in_order = numbers == sorted(numbers) and set(numbers) == set(range(len(set(numbers))))
    if len(calls) != len(states) - 1 or not in_order:
        return False
    reads = all(_same(call.read, state) for call, state in zip(calls, states, strict=False))
    return reads and (len(calls) == 1 or any(_same(call.written, states[k + 1]) for k, call in enumerate(calls[:-1])))


def _same(first: Any, second: torch.Tensor) -> bool:
    """Whether both are the same numbers; what is no number (weights that diverged) equals itself here."""
    if not isinstance(first, torch.Tensor) or first.shape != second.shape:
        return False
    return bool(((first == second) | (first.isnan() & second.isnan())).all())


def _parameters(state: torch.Tensor, names: dict[nn.Parameter, str]) -> frozenset[str]:
    """Names of the parameters in a state's graph."""
    todo, seen, found = [state.grad_fn], set(), set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None and variable in names:
            found.add(names[variable])
        todo += [following for following, _ in node.next_functions]
    return frozenset(found)
