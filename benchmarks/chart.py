"""A chart of the targets: one bar each, and a line at the limit."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.targets import Target

_LEFT, _RIGHT, _ROW, _BAR, _TOP = 480, 150, 28, 14, 44
_WIDTH = 1010
# An image does not know the colours of its page, so it follows the preference of the reader.
_STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .quiet { fill: #59636e; font-size: 12px }
    .limit { stroke: #1f2328; stroke-width: 2 }
    .bar { fill: #2563eb }
    .over { fill: #c2410c }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .quiet { fill: #9198a1 }
      .limit { stroke: #f0f6fc }
      .bar { fill: #6ea8fe }
      .over { fill: #fb923c }
    }
"""


def chart(targets: Sequence[Target]) -> str:
    """Return an SVG with each target as a share of its limit."""
    shares = [each.value / each.limit for each in targets]
    scale = (_WIDTH - _LEFT - _RIGHT) / max([1.2, *shares])
    height = _TOP + _ROW * len(targets) + 12
    limit = _LEFT + scale
    parts = [
        '<text x="16" y="24">Each target as a share of its limit</text>',
        f'<text class="quiet" x="{limit:.1f}" y="24" text-anchor="middle">limit</text>',
    ]
    for place, (target, share) in enumerate(zip(targets, shares, strict=True)):
        y = _TOP + _ROW * place
        kind = "bar" if target.is_met else "over"
        label = escape(target.what.replace("`", ""))
        shown = f"{target.shown_value} of {target.shown_limit}"
        parts += [
            f'<text x="{_LEFT - 12}" y="{y + 12}" text-anchor="end">{label}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{share * scale:.1f}" height="{_BAR}" rx="2"/>',
            f'<text x="{_WIDTH - 16}" y="{y + 12}" text-anchor="end">{shown}</text>',
        ]
    parts.append(
        f'<line class="limit" x1="{limit:.1f}" x2="{limit:.1f}" y1="{_TOP - 10}" y2="{height - 10}"/>'
    )
    body = "".join(f"  {part}\n" for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="Each target as a share of its limit">\n'
        f"  <style>{_STYLE}  </style>\n{body}</svg>\n"
    )
