"""The command `twin`: registers the commands, turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

# Solves of this size are faster on one thread, and repeat to the last digit; before numpy is imported.
for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

from twin import library as data_library
from twin.cli import channel, library, results, run, solve, study, validate
from twin.cli.output import note, print_text
from twin.errors import TwinError

INTERRUPTED = 130
FAILED = 1

app = typer.Typer(
    name="twin",
    help="Thermal, power and energy digital twin of a wafer-scale AI engine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("study")(study.study)
app.command("solve")(solve.solve)
app.command("channel")(channel.channel)
app.command("validate")(validate.validate)
app.command("list")(library.list_entries)
app.command("show")(library.show)
app.command("new")(library.new)
app.command("check")(library.check)
app.command("schema")(library.schema)
app.command("compare")(results.compare)
app.command("report")(results.report)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print_text(f"wafer-twin {version('wafer-twin')}")
        raise typer.Exit


@app.callback()
def options(
    data: Annotated[list[Path] | None, typer.Option(help="Folder of data searched first.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Thermal, power and energy digital twin of a wafer-scale AI engine."""
    for folder in data or []:
        data_library.use_folder(folder)


def main() -> None:
    """Run the command line: 0 fine, 1 a run stopped, 2 bad input, 130 interrupted."""
    arguments = common_options_first(sys.argv[1:])
    try:
        app(args=arguments, prog_name="twin")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            note("Interrupted. What is committed is kept: the same command continues a study, --resume a run.")
        raise
    except TwinError as error:
        if "--debug" in arguments:
            raise
        if os.environ.get("PMI_RANK", "0") == "0":  # of several processes one speaks
            note(f"{type(error).__name__}: {error}")
        sys.exit(error.exit_code)
    except Exception as error:
        if "--debug" in arguments:
            raise
        note(f"{type(error).__name__}: {error}\nThis is a fault of twin; --debug shows where it happened.")
        sys.exit(FAILED)


def common_options_first(arguments: list[str]) -> list[str]:
    """Move --data FOLDER and --debug before the command: they may be written anywhere."""
    common: list[str] = []
    others: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            others += [argument, *waiting]
        elif argument == "--data":
            common += [argument, *[folder for folder in [next(waiting, None)] if folder is not None]]
        elif argument == "--debug" or argument.startswith("--data="):
            common.append(argument)
        else:
            others.append(argument)
    return [*common, *others]


if __name__ == "__main__":
    main()
