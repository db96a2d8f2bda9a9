"""Cycles of a decoded and of a prompt token on squares of cores.

The model follows WaferLLM (arXiv 2502.04563, OSDI'25): a product costs a fixed overhead per row and its
multiply-accumulates over the SIMD width; partial results meet in two-level all-reduces over the mesh
(Luczynski et al., HPDC'24, arXiv 2404.15888).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from twin.spec.model import LanguageModel
from twin.spec.system import Software
from twin.workload.operators import Collective, Operator, head_operator, layer_collectives, layer_operators

HEAD_COLLECTIVES = 3
"""All-reduces of the output head: last norm, logits, choice of the token."""


@dataclass(frozen=True)
class Affine:
    """A quantity that grows linearly with the tokens in the cache."""

    constant: float
    slope: float

    def __call__(self, context: float) -> float:
        """Return the value at `context` tokens."""
        return self.constant + self.slope * context


def allreduce_cycles(length: int, hop: float, overhead: float) -> float:
    """Return the cycles of an all-reduce over a line of cores, in groups of about its square root.

    C = alpha (g/2 + P) + kappa (g/2 + G/2 + 1), with G = round(sqrt P) groups of g = P/G cores.

    Parameters
    ----------
    length : int
        Cores P in the line.
    hop, overhead : float
        Cycles alpha of a hop, kappa of an add-and-forward.
    """
    groups = max(1, round(sqrt(length)))
    group = length / groups
    return hop * (group / 2 + length) + overhead * (group / 2 + groups / 2 + 1)


def gemv_cycles(rows: float, columns: float, overhead: float, width: int) -> float:
    """Return the cycles of K rows, each a vector of N, on one core: kappa K + K N / w."""
    return overhead * rows + rows * columns / width


def local_shape(operator: Operator, edge: int) -> tuple[int, int]:
    """Return rows and columns that one core of a square holds, rounded up."""
    return ceil(operator.rows / edge), ceil(operator.columns / edge)


def product_cycles(operators: Sequence[Operator], edge: int, overhead: float, width: int) -> float:
    """Return the cycles in which every core of a square works through its part of the products."""
    return sum(gemv_cycles(*local_shape(operator, edge), overhead, width) for operator in operators)


def layer_cycles(model: LanguageModel, edge: int, context: float, width: int, software: Software) -> float:
    """Return the cycles of one token through one layer: products, then ten all-reduces one after another."""
    products = product_cycles(layer_operators(model, context), edge, software.overhead_cycles, width)
    reduction = allreduce_cycles(edge, software.hop_cycles, software.overhead_cycles)
    return products + len(layer_collectives(model, context)) * reduction


def transfer_cycles(edge: int, software: Software) -> float:
    """Return the cycles that hand a token's activations to the next square: alpha P + kappa."""
    return software.hop_cycles * edge + software.overhead_cycles


def head_cycles(model: LanguageModel, edge: int, width: int, software: Software) -> float:
    """Return the cycles of the output head of one token."""
    product = product_cycles([head_operator(model)], edge, software.overhead_cycles, width)
    return product + HEAD_COLLECTIVES * allreduce_cycles(edge, software.hop_cycles, software.overhead_cycles)


def prefill_cycles(model: LanguageModel, edge: int, context: float, width: int, software: Software) -> float:
    """Return the cycles that one prompt token occupies a layer's square.

    Many tokens share a row's overhead and hide the all-reduces: rows x `prefill_row_cycles` + MAC / w
    reproduces the prefill rates of WaferLLM.
    """
    return product_cycles(layer_operators(model, context), edge, software.prefill_row_cycles, width)


def along_context(cycles_at: Sequence[float], edge: int) -> Affine:
    """Return the line through values at one and at two tokens per core, where nothing is rounded."""
    slope = (cycles_at[1] - cycles_at[0]) / edge
    return Affine(cycles_at[0] - slope * edge, slope)


def layer_line(model: LanguageModel, edge: int, width: int, software: Software) -> Affine:
    """Return the cycles of one token through one layer against its context."""
    values = [layer_cycles(model, edge, context, width, software) for context in (edge, 2 * edge)]
    return along_context(values, edge)


def prefill_line(model: LanguageModel, edge: int, width: int, software: Software) -> Affine:
    """Return the cycles that a prompt token occupies a square against its context."""
    values = [prefill_cycles(model, edge, context, width, software) for context in (edge, 2 * edge)]
    return along_context(values, edge)


def hop_count(collectives: Sequence[Collective], edge: int) -> float:
    """Return the word-hops of one token's all-reduces: every word crosses its span to the sum and back."""
    return sum(2 * collective.words * collective.span * edge for collective in collectives)
