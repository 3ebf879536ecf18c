"""A chart of the ratios: one bar per run, with a mark at its target."""

from __future__ import annotations

from html import escape

from benchmarks.results import Results
from benchmarks.targets import floor_limit

_LEFT, _RIGHT, _ROW, _BAR, _TOP = 250, 120, 30, 16, 44
_WIDTH = 760
# An image does not know the colours of its page, so it follows the preference of the reader.
_STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .quiet { fill: #59636e; font-size: 12px }
    .grid { stroke: #d1d9e0 }
    .bar { fill: #2563eb }
    .over { fill: #c2410c }
    .target { stroke: #1f2328; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .quiet { fill: #9198a1 }
      .grid { stroke: #3d444d }
      .bar { fill: #6ea8fe }
      .over { fill: #fb923c }
      .target { stroke: #f0f6fc }
    }
"""


def chart(results: Results) -> str:
    """Return an SVG with the runs that have a target."""
    bars = []
    for each in results.scenarios:
        limit = floor_limit(each, results.scenarios)
        if limit is not None:
            bars.append((f"{each.name}, {each.size:,}, {each.profile}", each.ratio, limit))
    longest = max((max(ratio, limit) for _, ratio, limit in bars), default=1)
    end = max(2, int(longest * 2 + 1) / 2)
    scale = (_WIDTH - _LEFT - _RIGHT) / end
    height = _TOP + _ROW * len(bars) + 34
    parts = ['<text x="16" y="24">Wall time as a multiple of the floor; the mark is the target</text>']
    for step in range(int(end * 2) + 1):
        x = _LEFT + step / 2 * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - 30}"/>')
        parts.append(
            f'<text class="quiet" x="{x:.1f}" y="{height - 12}" text-anchor="middle">{step / 2:g}</text>'
        )
    for place, (label, ratio, limit) in enumerate(bars):
        y = _TOP + _ROW * place
        kind = "bar" if ratio <= limit else "over"
        mark = _LEFT + limit * scale
        parts += [
            f'<text x="{_LEFT - 12}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{ratio * scale:.1f}" height="{_BAR}" rx="2"/>',
            f'<line class="target" x1="{mark:.1f}" x2="{mark:.1f}" y1="{y - 4}" y2="{y + _BAR + 4}"/>',
            f'<text x="{_WIDTH - 16}" y="{y + 13}" text-anchor="end">{ratio:.2f} of {limit:.2f}</text>',
        ]
    body = "".join(f"  {part}\n" for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="Wall time of each run as a multiple of its floor">\n'
        f"  <style>{_STYLE}  </style>\n{body}</svg>\n"
    )
