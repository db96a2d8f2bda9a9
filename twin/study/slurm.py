"""Workers as jobs of Slurm, by dask-jobqueue (``pip install wafer-twin[slurm]``)."""

from __future__ import annotations

from typing import Any

_ONE_THREAD = ["export OPENBLAS_NUM_THREADS=1", "export OMP_NUM_THREADS=1"]


def slurm_cluster(cores: int, memory: str, **options: Any) -> Any:
    """Return a dask cluster whose workers are jobs of Slurm; ``cluster.scale(jobs=8)`` asks for jobs.

    Parameters
    ----------
    cores : int
        Cores of a job; each holds one worker with one thread.
    memory : str
        Of a job, such as ``"16 GB"``.
    options
        Everything else of `dask_jobqueue.SLURMCluster`, such as `queue`, `account`, `walltime`.
    """
    from dask_jobqueue import SLURMCluster

    prologue = [*options.pop("job_script_prologue", []), *_ONE_THREAD]
    return SLURMCluster(cores=cores, processes=cores, memory=memory, job_script_prologue=prologue, **options)
