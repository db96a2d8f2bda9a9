"""Wrong scenario files: exit code 2, a message with file, key and remedy, nothing written, by `run` and by `check`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from coarse_runs import SMALL, command

from twin.cli import main as twin_command

TRACES = {
    "headless.csv": "1.0,20,30\n2.0,20,30\n",
    "two-columns.csv": "TIMESTAMP,ContextTokens\n1.0,20\n",
    "holes.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n1.0,20,30\n2.0,NaN,4\n3.0,,5\n",
    "silent.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n1.0,20,0\n",
    "endless.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n1.0,20,3\ninf,20,3\n",
    "undated.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,20,3\n",
    "header-only.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n",
    "nothing.csv": "",
}


def cooled(text: str) -> str:
    """Return the small scenario with other cooling."""
    return f"{SMALL}cooling: {{{text}}}\n"


def served(text: str) -> str:
    """Return the small scenario with another workload."""
    return SMALL.replace("{duration: 6 s}", f"{{duration: 6 s, {text}}}")


@dataclass(frozen=True)
class Wrong:
    """A wrong file, the file and the key that the message names, and the remedy in it."""

    text: str
    key: str
    remedy: str
    file: str = "wrong.yaml"


WRONG = {
    "unknown-key": Wrong(cooled("inlet_temp: 30 degC"), "cooling.inlet_temp", "Did you mean 'inlet_temperature'"),
    "wrong-unit": Wrong(cooled("flow_rate: 40 kg/s"), "cooling.flow_rate", "'40 L/min'"),
    "unknown-unit": Wrong(cooled("flow_rate: 40 litre/fortnite"), "cooling.flow_rate", "'40 L/min'"),
    "missing-unit": Wrong(cooled("inlet_temperature: 20"), "cooling.inlet_temperature", "needs a unit, e.g. '20 degC'"),
    "no-number": Wrong(cooled("flow_rate: plenty"), "cooling.flow_rate", "expected a number with a unit"),
    "negative": Wrong(cooled("flow_rate: -1 L/min"), "cooling.flow_rate", "must be greater than 0"),
    "infinite": Wrong(served("rate_scale: .inf"), "workload.rate_scale", "must be a finite number"),
    "not-a-number": Wrong(served("rate_scale: .nan"), "workload.rate_scale", "must be a finite number"),
    "zero-duration": Wrong(SMALL.replace("6 s", "0 s"), "workload.duration", "must be greater than 0"),
    "too-many-steps": Wrong(SMALL.replace("6 s", "1e9 s"), "control.step", "choose a longer step"),
    "wrong-type": Wrong(SMALL.replace("{duration: 6 s}", "6"), "workload", "must be"),
    "null-system": Wrong(SMALL + "system: null\n", "system", "must be a valid string"),
    "coolant": Wrong(cooled("coolant: pg-25"), "cooling.coolant", "Did you mean 'pg25'"),
    "design": Wrong(cooled("design: cold-plate"), "cooling.design", "straight-cold-plate"),
    "system": Wrong(SMALL + "system: cs33\n", "system", "Did you mean 'cs3'"),
    "model": Wrong(SMALL + "model: llama-3.1-9b\n", "model", "Did you mean 'llama-3.1-8b'"),
    "trace": Wrong(served("trace: azure-convresation"), "workload.trace", "Did you mean 'azure-conversation'"),
    "mesh": Wrong(SMALL.replace("wafer-coarse", "wafer-corse"), "thermal.mesh", "Did you mean 'wafer-coarse'"),
    "rival": Wrong(SMALL.replace("null", "dgx-h1000"), "compare_with", "Did you mean 'dgx-h100'"),
    "policy": Wrong(SMALL + "control: {policy: [thermal_govenor]}\n", "control.policy", "'thermal_governor'"),
    "format": Wrong(SMALL + "number_format: fp4\n", "number_format", "'fp16'"),
    "model-too-large": Wrong(SMALL + "model: llama-3.1-70b\n", "systems", "use at least 4"),
    "too-many-wafers": Wrong(SMALL + "systems: 40\n", "systems", "at most one wafer per layer"),
    "region-too-large": Wrong(SMALL + "placement: {region: 5000}\n", "placement.region", "use at most"),
    "slot": Wrong(cooled("blocked: {slots: [99]}"), "blocked", "numbered 0 to 24"),
    "ice": Wrong(cooled("inlet_temperature: -5 degC"), "cooling.inlet_temperature", "choose another temperature"),
    "steam": Wrong(cooled("inlet_temperature: 150 degC"), "cooling.inlet_temperature", "choose another temperature"),
    "long-substep": Wrong(SMALL + "control: {substep: 2 s}\n", "control", "must not exceed step"),
    "no-model": Wrong(SMALL + "model: null\n", "model", "missing"),
    "no-cooling": Wrong(SMALL + "cooling: null\n", "cooling", "missing"),
    "idle-gpus": Wrong(SMALL.replace("{d", "{type: idle, d") + "system: dgx-h100\n", "workload.type", "use `serving`"),
    "service-level": Wrong(
        SMALL.replace("null", "dgx-h100") + "service_level: {tokens_per_second_per_user: 100000 1/s}\n",
        "service_level",
        "cannot be met",
    ),
    "base": Wrong("kind: scenario\nbase: wse3-conversation\n", "scenario", "Did you mean", "wse3-conversation"),
    "own-base": Wrong("kind: scenario\nbase: ./wrong.yaml\n", "base", "inherits from itself"),
    "empty": Wrong("", "is empty", "twin new"),
    "circular": Wrong("kind: scenario\ntitle: &x [*x]\n", "contains itself", "alias"),
    "not-yaml": Wrong("kind: scenario\nbase: [\n", "is not YAML", "line 3"),
    "tabs": Wrong("kind: scenario\n\tbase: x\n", "is not YAML", "line 2"),
    "list": Wrong("- kind: scenario\n", "must be a mapping", "list"),
    "plain-text": Wrong("hello\n", "must be a mapping", "str"),
    "duplicate-key": Wrong(SMALL + "system: cs3\nsystem: cs2\n", "system", "duplicate key"),
    "trace-absent": Wrong(served("trace: nowhere.csv"), "workload.trace", "no such file"),
    "trace-columns": Wrong(
        served("trace: two-columns.csv"), "GeneratedTokens", "the file has TIMESTAMP", "two-columns.csv"
    ),
    "trace-headless": Wrong(served("trace: headless.csv"), "TIMESTAMP", "column is missing", "headless.csv"),
    "trace-nan": Wrong(served("trace: holes.csv"), "ContextTokens", "line 3, 4: must be a whole number", "holes.csv"),
    "trace-silent": Wrong(served("trace: silent.csv"), "GeneratedTokens", "line 2: must be a whole", "silent.csv"),
    "trace-endless": Wrong(served("trace: endless.csv"), "TIMESTAMP", "line 3: is neither", "endless.csv"),
    "trace-undated": Wrong(served("trace: undated.csv"), "TIMESTAMP", "line 2: is neither a date", "undated.csv"),
    "trace-header": Wrong(served("trace: header-only.csv"), "has no requests", "at least one line", "header-only.csv"),
    "trace-empty": Wrong(served("trace: nothing.csv"), "is empty", "needs a header", "nothing.csv"),
}


@pytest.fixture(autouse=True)
def _folder_of_wrong_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in TRACES.items():
        Path(name).write_text(text)


def spoken(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run `twin` with arguments that it must refuse; return the message."""
    monkeypatch.setattr(sys, "argv", ["twin", *arguments])
    with pytest.raises(SystemExit) as end:
        twin_command.main()
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, ""), err
    assert "Traceback" not in err
    assert "fault of twin" not in err
    return err


@pytest.mark.parametrize("name", WRONG)
def test_run_and_check_name_file_key_and_remedy(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = WRONG[name]
    Path("wrong.yaml").write_text(wrong.text)
    for arguments in (["run", "wrong.yaml", "--out", "results", "--json"], ["check", "wrong.yaml"]):
        message = spoken(arguments, capsys, monkeypatch)
        for part in (wrong.file, wrong.key, wrong.remedy):
            assert part in message, arguments[0]
    assert not Path("results").exists()


def test_all_problems_are_told_at_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = cooled("inlet_temp: 30 degC, flow_rate: 40, coolant: water").replace("6 s", "-6 s") + "number_format: fp4\n"
    Path("wrong.yaml").write_text(text)
    message = spoken(["run", "wrong.yaml"], capsys, monkeypatch)
    assert "4 problems in wrong.yaml" in message
    Path("wrong.yaml").write_text(cooled("coolant: wine") + "model: parrot\n")
    assert "2 problems in wrong.yaml" in spoken(["run", "wrong.yaml"], capsys, monkeypatch)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("cooling.inlet_temp=30 degC", ("cooling.inlet_temp", "Did you mean")),
        ("cooling.flow_rate=30", ("cooling.flow_rate", "needs a unit")),
        ("coling.flow_rate=30 L/min", ("coling", "Did you mean 'cooling'")),
        ("system.name=cs3", ("system.name", "no keys below")),
        ("workload.duration", ("workload.duration", "KEY=VALUE")),
        ("workload.duration=[1", ("workload.duration", "put quotes")),
        ("cooling.coolant=wine", ("cooling.coolant", "Available: ")),
    ],
)
def test_a_wrong_setting_names_key_and_remedy(
    change: str, parts: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("small.yaml").write_text(SMALL)
    message = spoken(["run", "small.yaml", "--out", "results", "--set", change], capsys, monkeypatch)
    assert all(part in message for part in parts), message
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        (
            "chips",
            "kind: chip\nbase: wse3\nsize: {x: {value: -215 mm, source: x, status: derived}}\n",
            ("size.x", "must be greater than 0"),
        ),
        (
            "chips",
            "kind: chip\nbase: wse3\nsheet_resistance: 1 mohm\n",
            ("sheet_resistance", "has no source"),
        ),
        (
            "chips",
            "kind: chip\nbase: wse3\nsheet_resistance: {value: 1 m, source: x, status: derived}\n",
            ("sheet_resistance", "wrong dimension"),
        ),
    ],
    ids=["negative-length", "no-source", "wrong-unit"],
)
def test_a_wrong_file_of_a_data_folder_stops_the_run(
    name: str,
    text: str,
    parts: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder, content in ((name, text), ("systems", "kind: system\nbase: cs3\nchip: mine\n")):
        (Path("data") / folder).mkdir(parents=True)
        (Path("data") / folder / "mine.yaml").write_text(content)
    Path("small.yaml").write_text(SMALL + "system: mine\n")
    arguments = ["run", "small.yaml", "--data", "data", "--out", "results"]
    message = spoken(arguments, capsys, monkeypatch)
    assert all(part in message for part in ("mine.yaml", *parts)), message
    assert not Path("results").exists()


def test_a_folder_that_holds_a_run_is_refused_and_untouched(tmp_path: Path) -> None:
    """The real command, in processes of their own."""
    (tmp_path / "small.yaml").write_text(SMALL.replace("6 s", "2 s"))
    run = ("run", "small.yaml", "--out", "results")
    assert command(*run, folder=tmp_path).returncode == 0
    before = contents(tmp_path / "results")
    refused = command(*run, folder=tmp_path)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert contents(tmp_path / "results") == before
    bad = command(*run, "--overwrite", "--set", "cooling.coolant=wine", folder=tmp_path)
    assert bad.returncode == 2
    assert contents(tmp_path / "results") == before
    assert command(*run, "--overwrite", "--set", "workload.duration=3 s", folder=tmp_path).returncode == 0
    assert contents(tmp_path / "results") != before


def test_a_folder_of_other_files_is_refused_even_to_overwrite(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("small.yaml").write_text(SMALL)
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").write_text("years of work")
    for extra in ([], ["--overwrite"], ["--resume"]):
        message = spoken(["run", "small.yaml", "--out", "thesis", *extra], capsys, monkeypatch)
        assert "chapter.txt" in message
    assert [path.name for path in Path("thesis").iterdir()] == ["chapter.txt"]
    shutil.rmtree("thesis")
    Path("thesis").write_text("a file")
    assert "expected a folder" in spoken(["run", "small.yaml", "--out", "thesis"], capsys, monkeypatch)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
