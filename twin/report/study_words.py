"""The answers of a study in words, computed from its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.report.study_display import Shown, shown
from twin.results.display import number
from twin.spec.answer import Answer
from twin.study.answers import Around, Found, answered
from twin.study.edges import Edge
from twin.study.limits import Limit
from twin.study.points import Column, StudyPoints

_EVEN = 5e-4
"""Difference, relative, that is not worth a word."""


@dataclass(frozen=True)
class Line:
    """One answer: for which values of the keys, the value, where it is found, and how it compares."""

    group: str
    value: str
    where: str
    note: str

    @property
    def remark(self) -> str:
        """Where it is found and how it compares."""
        return ", ".join(text for text in (self.where, self.note) if text)


@dataclass(frozen=True)
class Told:
    """An answer in words: its heading, a sentence, and a line for each value of the keys `for_each`."""

    heading: str
    sentence: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        parts = [f"{self.heading}: {self.sentence}"]
        width = max((len(line.group) for line in self.lines), default=0)
        for line in self.lines:
            parts.append(f"  {line.group:<{width}}  {line.value:>14}  {line.remark}".rstrip())
        return "\n".join(parts)


def told(points: StudyPoints) -> list[Told]:
    """Return all answers of a study in words."""
    return [_told(points, answer) for answer in points.study.answers]


def outcome(points: StudyPoints) -> str:
    """Return in words what became of the points."""
    states = {name: int((points.status == name).sum()) for name in ("done", "failed", "excluded", "pending")}
    parts = [f"{count} {name}" for name, count in states.items() if count]
    replicas = f", each the mean of {points.replicas} replicas" if points.replicas > 1 else ""
    return f"{points.count} points: {', '.join(parts)}{replicas}."


def _told(points: StudyPoints, answer: Answer) -> Told:
    found = answered(points, answer)
    heading = answer.asks or f"{'Least' if answer.minimise else 'Greatest'} {points.columns[answer.goal].label}"
    known = [item for item in found if item.number is not None]
    best = None
    if known:
        best = min(known, key=lambda item: item.best) if answer.minimise else max(known, key=lambda item: item.best)
    lines = tuple(_line(points, answer, item, best) for item in found)
    return Told(heading, _sentence(points, answer, found, best), lines if len(lines) > 1 else ())


def _sentence(points: StudyPoints, answer: Answer, found: Sequence[Found], best: Found | None) -> str:
    if best is None:
        return f"{_capital(_none(points, answer, found))}."
    line = _line(points, answer, best, best)
    of = f" with {line.group}" if line.group else ""
    text = f"{line.value}{of}{f', {line.where}' if line.where else ''}."
    if best.edge is None and best.valued > 1 and abs(best.worst - best.value) > _EVEN * abs(best.value):
        text += f" {_spread(points, answer, best)}"
    if answer.limits:
        held, asked = sum(item.holding for item in found), sum(item.points for item in found)
        text += f" The limits hold at {held} of {asked} points."
    return text


def _none(points: StudyPoints, answer: Answer, found: Sequence[Found]) -> str:
    """Return why there is no answer."""
    if not points.done.any():
        return "no point has a result"
    if not sum(item.holding for item in found):
        return f"no point holds the limits ({'; '.join(answer.limits)})" if answer.limits else "no point has a result"
    return f"{points.columns[answer.goal].label} has no value at any of these points"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _spread(points: StudyPoints, answer: Answer, best: Found) -> str:
    """Return how much the choice matters."""
    goal = points.columns[answer.goal]
    group = f" with {_group(points, best)}" if best.group else ""
    conditions = {"hold the limits": bool(answer.limits), "have a value": best.valued < best.holding}
    which = [text for text, counts in conditions.items() if counts]
    that = f" that {' and '.join(which)}" if which else ""
    among = f"Over the points{group}{that}" if group or that else "Over all points"
    text = f"{among} it goes {'up' if answer.minimise else 'down'} to {shown(goal).text(best.worst)}"
    if goal.unit == "K" or not best.value:
        return f"{text}."
    ratio = best.worst / best.value
    times = (
        f"{number(100 * abs(ratio - 1), 2)} % {'more' if ratio > 1 else 'less'}" if ratio < 2 else f"{ratio:.1f} times"
    )
    return f"{text}, {times}."


def _group(points: StudyPoints, found: Found) -> str:
    """Return for which values of the keys `for_each` an answer holds."""
    return ", ".join(f"{points.columns[k].label} {shown(points.columns[k]).text(v)}" for k, v in found.group.items())


def _line(points: StudyPoints, answer: Answer, found: Found, best: Found | None) -> Line:
    group = _group(points, found)
    if found.number is None:
        return Line(group, "-", _none(points, answer, [found]), "")
    goal = shown(points.columns[answer.goal])
    if found.edge:
        return Line(group, _reach(goal, found.edge), _edge_note(goal, found.edge), "")
    return Line(group, goal.text(found.best), _where(points, answer, found), _compared(points, answer, found, best))


def _where(points: StudyPoints, answer: Answer, found: Found) -> str:
    """Return at which values of the keys that were free to choose the best lies."""
    assert found.number is not None
    parts = []
    for column in points.keys:
        if column.name not in found.group:
            text = f"{column.label} {shown(column).text(column.values[found.number])}"
            around = found.around.get(column.name)
            parts.append(text + (f" ({_surroundings(points, answer, column, around)})" if around else ""))
    return f"at {', '.join(parts)}" if parts else ""


def _surroundings(points: StudyPoints, answer: Answer, column: Column, around: Around) -> str:
    """Return what lies around the best point along the axis of a key."""
    how = shown(column)
    below, above = around.between
    parts = []
    if around.is_level:
        parts.append(f"as good from {_span(how, *around.level)}")
    if around.stopped is not None:
        broken = [text for text in answer.limits if Limit(text).margins(points)[around.stopped] < 0.0]
        value = shown(points.columns[answer.goal]).text(points.columns[answer.goal].values[around.stopped])
        at = how.text(column.values[around.stopped])
        parts.append(f"best between this and {at}, which has {value} but breaks '{' and '.join(broken)}'")
    elif below is None or above is None:
        parts.append("the end of its range")
    else:
        parts.append(f"best between {how.text(below, unit=False)} and {how.text(above)}")
    return ", ".join(parts)


def _span(how: Shown, low: float, high: float) -> str:
    return f"{how.text(low, unit=False)} to {how.text(high)}"


def _reach(goal: Shown, edge: Edge) -> str:
    """Return how far a key may go: a value, or the two points between which the limit ends."""
    if edge.broken and edge.reached is None and edge.beyond is not None:
        return _span(goal, *sorted((edge.last, edge.beyond)))
    return goal.text(edge.end)


def _edge_note(goal: Shown, edge: Edge) -> str:
    if edge.beyond is None:
        return "the end of the range: all limits hold there"
    if not edge.broken:
        return f"the next point, {goal.text(edge.beyond)}, has no result"
    if edge.reached == edge.last:
        return f"the last that holds '{edge.broken}', which breaks at {goal.text(edge.beyond)}"
    low, high = sorted((edge.last, edge.beyond))
    points = f"the points {goal.text(low, unit=False)} and {goal.text(high)}"
    how = f"between {points}" if edge.reached is None else f"interpolated between {points}"
    return f"where '{edge.broken}' ends, {how}"


def _compared(points: StudyPoints, answer: Answer, found: Found, best: Found | None) -> str:
    """Return by how much an answer is worse than the best of all groups."""
    if best is None or best is found or points.columns[answer.goal].unit == "K" or not best.best:
        return "best" if best is found else ""
    ratio = found.best / best.best
    if abs(ratio - 1) <= _EVEN:
        return "as good as the best"
    if ratio > 2:
        return f"{number(ratio, 2)} times"
    return f"{number(100 * abs(ratio - 1), 2)} % {'more' if ratio > 1 else 'less'}"
