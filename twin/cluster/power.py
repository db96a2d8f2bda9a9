"""Power of a GPU and of its node."""

from __future__ import annotations

from twin.spec.gpu import GpuPower
from twin.spec.system import GpuSystem


def smooth_minimum(value: float, bound: float, sharpness: float) -> float:
    """Return (x^-s + b^-s)^(-1/s): about x far below the bound b, about b far above."""
    if value <= 0.0:
        return 0.0
    return float(bound * (1.0 + (bound / value) ** sharpness) ** (-1.0 / sharpness))


def gpu_power(power: GpuPower, byte_rate: float, operation_rate: float, sequence_rate: float) -> float:
    """Return idle + e_m x bytes/s + e_f x FLOP/s + e_s x sequences/s in W, saturating below the limit.

    The last term is what each sequence of a step costs beside the model: attention's and sampling's
    kernels, by which a small model on one GPU draws more than a large one that moves as many bytes.

    Parameters
    ----------
    byte_rate : float
        Memory traffic of one GPU in byte/s.
    operation_rate : float
        Floating-point operations of one GPU per second.
    sequence_rate : float
        Sequences advanced by one token per second, shared by the GPUs of a group.
    """
    wanted = (
        power.idle
        + power.byte_energy * byte_rate
        + power.operation_energy * operation_rate
        + power.sequence_energy * sequence_rate
    )
    return smooth_minimum(wanted, power.ceiling * power.limit, power.sharpness)


def fan_power(system: GpuSystem, gpu_total: float, gpu_limit_total: float) -> float:
    """Return the power of a node's fans in W: they follow the power of its GPUs."""
    load = min(1.0, gpu_total / gpu_limit_total)
    return system.fans.idle + load * (system.fans.full - system.fans.idle)


def node_power(gpu_total: float, other: float, fans: float, supply_efficiency: float) -> float:
    """Return (sum P_gpu + P_other + P_fan)/eta in W, at the wall."""
    return (gpu_total + other + fans) / supply_efficiency
