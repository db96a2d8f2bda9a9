"""The one door to DOLFINx: wheel or system installation, compiler check, quiet signals."""

from __future__ import annotations

import os
import shutil
import sysconfig
from functools import cache
from typing import Any

from twin.errors import TwinError

_COMPILERS = ("cc", "gcc", "clang")


@cache
def dolfinx() -> Any:
    """Import DOLFINx once and return the module.

    Raises
    ------
    TwinError
        No DOLFINx, or no C compiler for FFCx, with the remedy.
    """
    _require_compiler()
    # PETSc's handlers turn a broken pipe of `twin ... | head` into an MPI abort.
    os.environ.setdefault("PETSC_OPTIONS", "-no_signal_handler")
    import contextlib

    with contextlib.suppress(ImportError):
        import dolfinx_solver  # noqa: F401  the wheel puts its libraries on the path on import
    try:
        import dolfinx as module
        import dolfinx.fem
        import dolfinx.mesh
    except ImportError as error:
        raise TwinError(f"DOLFINx cannot be imported ({error}). Remedy: run `uv sync`.") from error
    return module


def _require_compiler() -> None:
    wanted = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if not any(shutil.which(name) for name in (wanted, *_COMPILERS)):
        raise TwinError(
            "no C compiler found: DOLFINx compiles its forms with one. "
            "Remedy: install gcc (Debian: apt-get install gcc libc6-dev) or set CC."
        )


@cache
def mpi() -> Any:
    """Import MPI once (the wheel brings its own) and return mpi4py's module."""
    os.environ.setdefault("PETSC_OPTIONS", "-no_signal_handler")
    import contextlib

    with contextlib.suppress(ImportError):
        import dolfinx_solver  # noqa: F401
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise TwinError(f"MPI cannot be imported ({error}). Remedy: run `uv sync`.") from error
    return MPI
