"""Commands of the library as a user types them: output, messages, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twin import library
from twin.cli import main as command
from twin.results.description import Description
from twin.results.store import ResultWriter

FOLDER = library.packaged("materials").parent


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(library, "_extra_folders", [])
    library.forget()


class Ran:
    """What a command printed and its exit code."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.out)


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["twin", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        out, err = capsys.readouterr()
        return Ran(int(end.value.code or 0), out, err)

    return run


def packaged_files() -> list[Path]:
    return sorted(library.find(kind, name) for kind in library.kinds() for name in library.names(kind))


@pytest.mark.parametrize("file", packaged_files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_packaged_entry_passes_check(twin, file: Path) -> None:
    ran = twin("check", str(file))
    assert (ran.code, ran.out, ran.err) == (0, "ok\n", "")


def test_list_without_kind_lists_kinds(twin) -> None:
    assert set(twin("list", "--json").json) == set(library.kinds())
    assert "material" in twin("list").out


@pytest.mark.parametrize("kind", ["material", "materials"])
def test_list_shows_names_and_titles(twin, kind: str) -> None:
    ran = twin("list", kind)
    assert ran.code == 0
    assert "silicon" in ran.out
    assert "Silicon" in ran.out


def test_a_broken_file_is_listed_with_the_remedy(twin, tmp_path: Path) -> None:
    (tmp_path / "materials").mkdir()
    (tmp_path / "materials" / "torn.yaml").write_text("title: [")
    ran = twin("list", "materials", "--data", str(tmp_path))
    assert ran.code == 0
    assert "twin check" in ran.out


def test_show_sources_has_value_status_range_and_source(twin) -> None:
    ran = twin("show", "chip/wse3", "--json")
    listed = {item["key"]: item for item in ran.json["sources"]}  # type: ignore[index, union-attr]
    assumed = listed["core.mac_energy"]
    assert assumed["status"] == "assumed"
    assert len(assumed["range"]) == 2
    text = twin("show", "chip/wse3", "--sources").out
    assert all(word in text for word in ("status", "range", "source", assumed["value"], assumed["range"][0]))


def test_show_prints_yaml_that_is_the_entry(twin) -> None:
    from ruamel.yaml import YAML

    shown = YAML(typ="safe").load(twin("show", "material/silicon").out)
    assert shown["conductivity"] == "148 W/m/K"


@pytest.mark.parametrize("kind", library.kinds())
def test_new_entry_is_a_copy_that_passes_check(twin, kind: str) -> None:
    if not library.names(kind):
        assert twin("new", kind, "mine").code == 2
        return
    pattern = library.find(kind, library.names(kind)[0])
    assert twin("new", kind, "mine").code == 0
    made = Path(f"mine{pattern.suffix}")
    if kind == "trace":
        (made.parent / library.load(kind, str(made)).file).touch()  # type: ignore[attr-defined]
    ran = twin("check", str(made))
    assert (ran.code, ran.err) == (0, "")
    assert library.load(kind, str(made)) == library.load(kind, pattern.stem)


def test_new_refuses_to_overwrite_and_to_leave_the_folder(twin, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("kept")
    ran = twin("new", "material", "mine")
    assert (ran.code, (tmp_path / "mine.yaml").read_text()) == (2, "kept")
    assert "exists already" in ran.err
    assert twin("new", "material", "../mine").code == 2


def test_check_lists_all_problems_at_once_without_traceback(twin, tmp_path: Path) -> None:
    text = library.find("material", "silicon").read_text()
    wrong = text.replace("148 W/m/K", "148 K").replace("density:", "densty:")
    (tmp_path / "wrong.yaml").write_text(wrong)
    ran = twin("check", "wrong.yaml")
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("SpecError: ")
    assert "Did you mean 'density'" in ran.err
    assert "conductivity" in ran.err
    assert "Traceback" not in ran.err
    found = twin("check", "wrong.yaml", "--json")
    assert found.code == 2
    assert found.json["ok"] is False
    assert len(found.json["problems"]) >= 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("title: nothing\n", "kind: missing"),
        ("kind: matrial\n", "Did you mean 'material'"),
        ("- a\n- b\n", "must be a mapping"),
        ("", "is empty"),
    ],
)
def test_check_of_a_file_of_no_kind(twin, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "odd.yaml").write_text(content)
    ran = twin("check", "odd.yaml")
    assert ran.code == 2
    assert message in ran.err


def test_check_follows_references_into_other_entries(twin, tmp_path: Path) -> None:
    text = library.find("system", "cs3").read_text().replace("chip: wse3", "chip: wse33")
    (tmp_path / "mine.yaml").write_text(text)
    ran = twin("check", "mine.yaml")
    assert ran.code == 2
    assert "chip 'wse33' not found. Did you mean 'wse3'" in ran.err


def test_check_finds_a_problem_behind_a_good_reference(twin, tmp_path: Path) -> None:
    (tmp_path / "chips").mkdir()
    chip = library.find("chip", "wse3").read_text()
    (tmp_path / "chips" / "odd.yaml").write_text(chip.replace("material: silicon", "material: silicone"))
    system = library.find("system", "cs3").read_text().replace("chip: wse3", "chip: odd")
    (tmp_path / "mine.yaml").write_text(system)
    ran = twin("check", "mine.yaml", "--data", str(tmp_path))
    assert ran.code == 2
    assert "silicone" in ran.err


def test_hugging_face_configuration_needs_no_kind(twin) -> None:
    assert twin("check", str(library.find("model", "llama-3.1-8b"))).out == "ok\n"


@pytest.mark.parametrize("kind", [*library.kinds(), "stack", "grid"])
def test_schema_is_one_json_object(twin, kind: str) -> None:
    schema = twin("schema", kind).json
    assert {"properties", "oneOf", "anyOf", "$defs"} & set(schema)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "materails"), "Did you mean 'material"),
        (("show", "silicon"), "write KIND/NAME"),
        (("show", "material/silikon"), "Did you mean 'silicon'"),
        (("list", "--data", "nowhere"), "no such folder"),
        (("check", "absent.yaml"), "no such file"),
        (("compare", "a", "b"), "holds no results"),
        (("report", "a"), "holds neither a run (results.zarr) nor the points of a study (study.zarr)"),
        (("nonsense",), "No such command"),
        (("list", "--nonsense"), "No such option"),
    ],
)
def test_bad_input_exits_2_with_a_message(twin, arguments: tuple[str, ...], message: str) -> None:
    ran = twin(*arguments)
    assert ran.code == 2
    assert message in ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from twin.errors import LibraryError

    monkeypatch.setattr(sys, "argv", ["twin", "list", "nothing", "--debug"])
    with pytest.raises(LibraryError):
        command.main()


def write_run(folder: Path, power: float) -> None:
    writer = ResultWriter.create(folder, {"time": np.array([1.0, 2.0])}, Description(folder.name), 2)
    for index in range(2):
        writer.append(index, {"system_power": power, "tokens": 4.0})
    writer.finish()


def test_compare_and_report_of_two_folders(twin, tmp_path: Path) -> None:
    write_run(tmp_path / "a", 300.0)
    write_run(tmp_path / "b", 600.0)
    ran = twin("compare", "a", "b", "--json")
    assert ran.json["kpis"]["system_power_W"] == {"a": 300.0, "b": 600.0, "ratio": 0.5}  # type: ignore[index]
    assert "energy per token, wall" in twin("compare", "a", "b").out
    ran = twin("report", "a", "--against", "b")
    assert ran.code == 0
    assert "Against the other system" in (tmp_path / "a" / "report.html").read_text()


def test_interrupt_exits_130_with_a_message(tmp_path: Path) -> None:
    """A named pipe that nobody writes keeps `check` waiting, as a long command would."""
    os.mkfifo(tmp_path / "pipe.yaml")
    process = subprocess.Popen(
        [sys.executable, "-c", "from twin.cli.main import main; main()", "check", "pipe.yaml"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    writer = os.open(tmp_path / "pipe.yaml", os.O_WRONLY)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    os.close(writer)
    assert process.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in err


def test_help_starts_without_the_heavy_libraries() -> None:
    script = (
        "import sys\nfrom twin.cli import main\n"
        "heavy = {'dolfinx', 'scipy', 'xarray', 'zarr', 'pint', 'CoolProp', 'plotly', 'petsc4py'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
