"""Commands of the data library: list, show, new, check, schema."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from twin import library
from twin.cli.output import note, print_json, print_table, print_text
from twin.errors import LibraryError, OutputError, Problem, SpecError, TwinError, did_you_mean
from twin.references import check_references
from twin.spec.provenance import strip
from twin.spec.scenario import Scenario
from twin.spec.study import Study

PROBLEMS = {"stack": "stack:Stack", "grid": "grid:GridProblem", "channel": "channel:Channel"}
_HUGGING_FACE_KEYS = ("architectures", "model_type", "hidden_size")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Kind = Annotated[str, typer.Argument(help=f"One of {', '.join(library.kinds())}.", show_default=False)]


def list_entries(
    kind: Annotated[str | None, typer.Argument(help="Kind of data; none: all kinds.")] = None,
    as_json: Json = False,
) -> None:
    """List the entries of a kind, or the kinds."""
    if kind is None:
        counts = {name: library.names(name) for name in library.kinds()}
        if as_json:
            return print_json(counts)
        rows = [(name, str(len(found)), ", ".join(found)) for name, found in counts.items()]
        return print_table(("kind", "entries", "names"), rows)
    titles = {name: _title(kind, name) for name in library.names(kind)}
    if as_json:
        return print_json({"kind": library.check_kind(kind), "entries": titles})
    return print_table(("name", "title"), titles.items())


def show(
    name: Annotated[str, typer.Argument(metavar="KIND/NAME", show_default=False)],
    sources: Annotated[bool, typer.Option("--sources", help="Where each number comes from.")] = False,
    as_json: Json = False,
) -> None:
    """Show an entry with what it inherits, or the source of each of its numbers."""
    kind, _, wanted = name.partition("/")
    if not wanted:
        raise LibraryError(f"'{name}': write KIND/NAME, such as material/silicon. {_kinds_remedy(kind)}")
    entry = library.entry(library.check_kind(kind), wanted)
    content = library.tree(kind, wanted)
    if as_json:
        return print_json(
            {
                "kind": entry.kind,
                "name": entry.name,
                "path": str(entry.path),
                "content": content,
                "sources": [_source_json(item) for item in entry.provenance],
            }
        )
    if not sources:
        return print_text(_as_yaml(strip(content)))
    rows = [
        (item.key, item.text, item.status, " to ".join(item.range or ()) or "-", item.source)
        for item in entry.provenance
    ]
    return print_table(("key", "value", "status", "range", "source"), rows, title=f"{entry.kind}/{entry.name}")


def check(
    file: Annotated[Path, typer.Argument(help="A YAML file, or a Hugging Face config.json.")],
    as_json: Json = False,
) -> None:
    """Check a file: its keys, units and sources, and every entry that it refers to."""
    where = file.name
    try:
        kind = kind_of(file)
        problems = _check_problem_file(file, kind) if kind in PROBLEMS else _check_entry(kind, file)
    except SpecError as error:
        where, problems, kind = error.where, list(error.problems), ""
    if as_json:
        listed = [{"key": problem.key, "message": problem.message} for problem in problems]
        print_json({"file": str(file), "kind": kind or None, "ok": not problems, "problems": listed})
        raise typer.Exit(TwinError.exit_code if problems else 0)
    if problems:
        raise SpecError(where, problems)
    print_text("ok")


def new(
    kind: Kind,
    name: Annotated[str, typer.Argument(help="Name of the new entry; NAME.yaml is written here.")],
    like: Annotated[str | None, typer.Option(help="The packaged entry to copy; absent: the first.")] = None,
) -> None:
    """Write a new entry into this folder, copied from a packaged one."""
    kind = library.check_kind(kind)
    if not name or Path(name).name != name or name.startswith("."):
        raise OutputError(f"'{name}' is no name for a file; use letters, digits and hyphens")
    known = library.names(kind)
    if not known:
        raise LibraryError(f"there is no {kind} yet to copy from; see `twin schema {kind}`")
    pattern = library.find(kind, like or known[0])
    target = Path(f"{name}{pattern.suffix}")
    text = pattern.read_text(encoding="utf-8")
    content = text if pattern.suffix == ".json" else _commented(kind, name, pattern.stem, text)
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(content)
    except FileExistsError as error:
        raise OutputError(f"{target}: exists already; choose another name or remove it") from error
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror})") from error
    note(f"{target}: a copy of {kind}/{pattern.stem}; edit it, then `twin check {target}`")


def schema(kind: Kind) -> None:
    """Print the JSON schema of a kind of file."""
    from pydantic import TypeAdapter

    print_json(TypeAdapter(spec_of(kind)).json_schema())


def spec_of(kind: str) -> Any:
    """Return the specification of a kind of data or of a problem file; LibraryError for another word."""
    from importlib import import_module

    if kind in PROBLEMS:
        module, name = PROBLEMS[kind].split(":")
        return getattr(import_module(f"twin.spec.{module}"), name)
    return library.spec_class(kind)


def kind_of(file: Path) -> str:
    """Return the kind that a file says it is; a Hugging Face configuration is a model."""
    from twin.spec.documents import read_yaml

    tree = read_yaml(file)
    if "kind" not in tree:
        if any(key in tree for key in _HUGGING_FACE_KEYS):
            return "model"
        raise SpecError(file.name, [Problem("kind", f"missing; {_kinds_remedy('')}")])
    kind, known = str(tree["kind"]), [*library.kinds(), *PROBLEMS]
    if kind not in known:
        raise SpecError(file.name, [Problem("kind", f"'{kind}' is unknown. {did_you_mean(kind, known)}")])
    return kind


def _check_entry(kind: str, file: Path) -> list[Problem]:
    entry = library.entry(kind, str(file))
    if isinstance(entry.spec, Study):
        from twin.study.planner import plan

        plan(entry.spec, file.name)
        return []
    beside = file.parent / str(getattr(entry.spec, "file", ""))
    missing = [] if beside.exists() else [Problem("file", f"{beside}: no such file")]
    problems = [*missing, *check_references(entry.spec)]
    if isinstance(entry.spec, Scenario) and not problems:
        from twin.engine.run import prepare

        prepare(entry.spec, file.name)
    return problems


def _check_problem_file(file: Path, kind: str) -> list[Problem]:
    from twin.spec.documents import read_yaml, validate

    problem = validate(read_yaml(file), spec_of(kind), file.name)
    if kind == "stack":
        from twin.thermal.stack_check import check_stack

        check_stack(problem, file.name, file.parent)
    return []


def _title(kind: str, name: str) -> str:
    """Return an entry's title; a broken file is listed, not hidden."""
    try:
        tree = library.tree(kind, name)
    except TwinError:
        return f"(cannot be read; see `twin check {library.find(kind, name)}`)"
    described = tree.get("title") or tree.get("_name_or_path") or ", ".join(tree.get("architectures", []))
    return str(described)


def _kinds_remedy(word: str) -> str:
    return did_you_mean(word, [*library.kinds(), *PROBLEMS])


def _source_json(item: Any) -> dict[str, Any]:
    return {
        "key": item.key,
        "value": item.text,
        "status": item.status,
        "range": list(item.range) if item.range else None,
        "source": item.source,
    }


def _as_yaml(tree: dict[str, Any]) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    stream = io.StringIO()
    yaml.dump(json.loads(json.dumps(tree)), stream)
    return stream.getvalue()


def _commented(kind: str, name: str, pattern: str, text: str) -> str:
    """Return an entry's text under a header that says what to do with it."""
    keys = ", ".join(_keys(spec_of(kind)))
    header = [
        f"# {name}: a new {kind}, copied from '{pattern}'. Change what differs and name your sources.",
        "# Quantities carry units ('0.5 mm', '20 degC'). A number is written alone, or with its origin:",
        "#   key: {value: 148 W/m/K, source: where it comes from, status: published, range: [140 W/m/K, 156 W/m/K]}",
        "# status: measured, datasheet, published, derived, estimated or assumed (then give a range).",
        f"# Keys: {keys}.",
        f"# Check it: twin check {name}.yaml",
        "",
    ]
    body = text if text.lstrip().startswith("kind:") or "\nkind:" in text else f"kind: {kind}\n{text}"
    return "\n".join(header) + body


def _keys(annotation: Any) -> list[str]:
    """Return the top-level keys of a specification, of all its variants if it is a union."""
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        return [field.alias or name for name, field in fields.items()]
    return list(dict.fromkeys(key for variant in get_args(annotation) for key in _keys(variant)))
