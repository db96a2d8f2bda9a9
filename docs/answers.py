"""Writes pictures and answers of questions.md from the studies: ``python docs/answers.py FOLDER``.

FOLDER holds a folder for each study, as ``twin study`` leaves them in ``studies``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pictures import draw

from twin.report.study import PAGE, write_study_report
from twin.report.study_words import Told, told
from twin.study.points import read_points

TEXT = Path(__file__).parent / "questions.md"
PICTURES = {
    "warm-water": "peak-temperature-K",
    "flow-optimum": "facility-energy-per-token-J-0",
    "channel-geometry": "peak-temperature-K-1",
    "cooling-designs": "system-power-W",
    "pump-failure": "time-to-throttle-s",
    "concurrency": "tokens-per-second-per-user",
    "chip-against-chip": "tokens-per-joule",
    "models": "wall-energy-per-token-J",
    "stacked-wafers": "max-temperature-K",
}
_PLACE = r"(<!-- answer {name} -->\n).*?(<!-- end -->)"


def written(answers: list[Told]) -> str:
    """Return answers as a list in Markdown; a table where each value of a key has its own."""
    lines = []
    for answer in answers:
        lines.append(f"- {answer.heading}: {answer.sentence}")
        if answer.lines:
            lines += ["", "  | | | |", "  |---|---|---|"]
            lines += [f"  | {line.group} | {line.value} | {line.remark} |" for line in answer.lines]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def write(folder: Path) -> None:
    """Bring the page up to date with the studies that the folder holds."""
    text = TEXT.read_text(encoding="utf-8")
    for name, figure in PICTURES.items():
        if not (folder / name).is_dir():
            continue
        write_study_report(folder / name)
        draw(folder / name / PAGE, {figure: f"{name}.png"})
        answer = written(told(read_points(folder / name)))
        text = re.sub(_PLACE.format(name=name), lambda found, new=answer: found[1] + new + found[2], text, flags=re.S)
    TEXT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
