"""GPUs that hold one copy of a model together: an executor for serving, and what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from twin.cluster.power import gpu_power
from twin.cluster.step_time import Batch, Footprint, StepTime, footprint, step_time
from twin.errors import Problem, SpecError
from twin.spec.gpu import Gpu
from twin.spec.model import LanguageModel
from twin.spec.system import GpuSoftware
from twin.workload.intervals import Interval
from twin.workload.serving import Limits, Rates


@dataclass(frozen=True)
class StepLine:
    """Coefficients of a step's time, which is linear in what the step works on, in s."""

    fixed: float
    stream: float
    cached_token: float
    token: float
    mixed: float


@dataclass(frozen=True)
class GpuGroup:
    """`gpus` tensor-parallel GPUs under one serving stack; an `Executor`."""

    model: LanguageModel
    gpu: Gpu
    software: GpuSoftware
    gpus: int
    foot: Footprint
    line: StepLine

    @property
    def cached_token_bytes(self) -> float:
        """Bytes of one cached token over all GPUs; heads are copied when there are fewer than GPUs."""
        return self.foot.cache_bytes * max(1.0, self.gpus / self.model.key_value_heads)

    @property
    def cache_tokens(self) -> int:
        """Tokens whose keys and values fit beside the weights; not positive: the model does not fit."""
        memory = self.gpus * self.gpu.memory * self.software.memory_share
        return floor((memory - self.foot.stored_bytes) / self.cached_token_bytes)

    def step(self, batch: Batch) -> StepTime:
        """Return the time of a step, term by term."""
        return step_time(self.model, self.foot, self.gpu, self.software, self.gpus, batch)

    def rates(self, streams: int, context: float, prompt: int) -> Rates:
        """Return the rates of `twin.workload.serving.Executor`.

        Every step advances each stream by a token and the prompt by as many as the step may still carry.
        """
        if not (streams or prompt):
            return Rates(0.0, 0.0, 0.0, 0.0, 0.0)
        line = self.line
        decoding = line.fixed + streams * (line.stream + line.token + line.cached_token * context)
        if not prompt:
            return Rates(1.0 / decoding, 0.0, 1.0 / decoding, 1.0, 0.0)
        chunk = min(prompt, max(1, self.software.batched_tokens - streams))
        time = decoding + chunk * line.token + line.mixed
        busy = decoding / time if streams else 0.0
        return Rates(1.0 / time if streams else 0.0, chunk / time, 1.0 / time, busy, 1.0 - busy)

    def limits(self, streams: int | None = None) -> Limits:
        """Return what bounds admission: the memory beside the weights and the stack's sequences."""
        most = self.software.maximum_sequences
        return Limits(self.cache_tokens, most if streams is None else min(streams, most))

    def power(self, interval: Interval) -> float:
        """Return the mean power of the group's GPUs in W over what they served in an interval."""
        reads = interval.passes * self.foot.read_bytes + interval.context_reads * self.cached_token_bytes
        tokens = interval.output_tokens + interval.prompt_tokens
        operations = tokens * (self.foot.operations_16 + self.foot.operations_8)
        shared = interval.duration * self.gpus
        each = gpu_power(self.gpu.power, reads / shared, operations / shared, interval.output_tokens / shared)
        return self.gpus * each

    def utilisation(self, interval: Interval) -> float:
        """Return operations over those of all GPUs at their published 16-bit peak."""
        tokens = interval.output_tokens + interval.prompt_tokens
        operations = tokens * (self.foot.operations_16 + self.foot.operations_8)
        return operations / (interval.duration * self.gpus * self.gpu.compute.fp16)


def group(
    model: LanguageModel, gpu: Gpu, software: GpuSoftware, gpus: int, number_format: str, where: str = "scenario"
) -> GpuGroup:
    """Return a group of GPUs; SpecError if the model does not fit or the GPU lacks the format."""
    if number_format == "fp8" and gpu.compute.fp8 is None:
        message = f"{gpu.title} has no fp8; use fp16 or bf16"
        raise SpecError(where, [Problem("number_format", message)])
    foot = footprint(model, number_format)

    def seconds(streams: float, prompt: float, context: float, mixed: float) -> float:
        batch = Batch(streams, prompt, context, mixed)
        return step_time(model, foot, gpu, software, gpus, batch).total

    fixed = seconds(0, 0, 0, 0)
    token = seconds(0, 1, 0, 0) - fixed
    stream = seconds(1, 0, 0, 0) - fixed
    line = StepLine(
        fixed=fixed,
        stream=stream - token,
        cached_token=seconds(1, 0, 1, 0) - fixed - stream,
        token=token,
        mixed=seconds(0, 0, 0, 1) - fixed,
    )
    built = GpuGroup(model, gpu, software, gpus, foot, line)
    if built.cache_tokens < 1:
        gigabytes = foot.stored_bytes / 1e9
        fewest = floor(foot.stored_bytes / (gpu.memory * software.memory_share)) + 1
        message = f"{gigabytes:.0f} GB of weights do not fit on {gpus} of '{gpu.title}'; use at least {fewest}"
        raise SpecError(where, [Problem("gpus", message)])
    return built
