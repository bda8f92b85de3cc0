"""Plots as SVG written by hand: no library, the same bytes on every machine, readable as text (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 720, 22, 190, 90, 46, 34
INK, GRID, OURS, THEIRS, GOAL = "#1f2933", "#d5dbe1", "#14708a", "#98a5b3", "#b4540a"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with what stands left of it; ``low`` and ``high`` are its interval, equal where there is none."""

    label: str
    value: float
    low: float
    high: float
    is_ours: bool = True
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. Points are (x, y) in the plot's units."""

    label: str
    points: Sequence[tuple[float, float]]
    is_ours: bool = True


def bars(title: str, rows: Sequence[Bar], start: float, end: float = 1.0) -> str:
    """Horizontal bars from ``start`` to ``end`` with intervals; a goal is a mark of its own colour."""

    def x(value: float) -> float:
        return LEFT + (min(max(value, start), end) - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    bottom = TOP + ROW * len(rows)
    parts = [_text(LEFT, 20, title, weight="bold")]
    for tick in _ticks(start, end):
        parts += [_line(x(tick), TOP - 8, x(tick), bottom, GRID), _text(x(tick), bottom + 16, f"{tick:.2f}", "middle")]
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        fill = OURS if row.is_ours else THEIRS
        width = x(row.value) - x(start)
        parts.append(f'<rect x="{x(start):.1f}" y="{y + 2}" width="{width:.1f}" height="{ROW - 7}" fill="{fill}"/>')
        if row.high > row.low:
            parts.append(_line(x(row.low), y + ROW / 2 - 1.5, x(row.high), y + ROW / 2 - 1.5, INK, 2))
        if row.goal is not None:
            parts.append(_line(x(row.goal), y - 1, x(row.goal), y + ROW - 3, GOAL, 3))
        parts += [_text(LEFT - 8, y + 14, row.label, "end"), _text(WIDTH - RIGHT + 8, y + 14, f"{row.value:.4f}")]
    return _svg(title, bottom + BOTTOM, parts)


def curves(title: str, lines: Sequence[Line], x_label: str, goals: Sequence[float] = ()) -> str:
    """Curves over one axis, both from the smallest to the largest value; goals are horizontal marks."""
    xs = [px for line in lines for px, _ in line.points]
    ys = [py for line in lines for _, py in line.points] + list(goals)
    height, left, right = 300, 60, 190
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(1.0, max(ys))

    def at(px: float, py: float) -> tuple[float, float]:
        across = (px - low_x) / ((high_x - low_x) or 1) * (WIDTH - left - right)
        return left + across, TOP + (high_y - py) / ((high_y - low_y) or 1) * height

    parts = [_text(left, 20, title, weight="bold"), _text(left, TOP + height + 34, x_label)]
    for tick in _ticks(low_y, high_y):
        parts += [_line(left, at(low_x, tick)[1], WIDTH - right, at(low_x, tick)[1], GRID)]
        parts += [_text(left - 6, at(low_x, tick)[1] + 4, f"{tick:.2f}", "end")]
    for tick in _ticks(low_x, high_x):
        parts.append(_text(at(tick, low_y)[0], TOP + height + 16, f"{tick:.2f}", "middle"))
    for goal in goals:
        parts.append(_line(left, at(low_x, goal)[1], WIDTH - right, at(low_x, goal)[1], GOAL, 1.5))
    for line in lines:
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (at(*point) for point in line.points))
        colour = OURS if line.is_ours else INK
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = at(*line.points[-1])
        parts.append(_text(WIDTH - right + 8, end[1] + 4, line.label))
    return _svg(title, TOP + height + 48, parts)


def _ticks(start: float, end: float) -> list[float]:
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 10.0) if (end - start) / s <= 8)
    first = int(start / step + 0.999999)
    return [round(step * n, 4) for n in range(first, int(end / step + 1e-9) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">\n<title>{escape(title)}</title>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"
