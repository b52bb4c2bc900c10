"""Pictures of the bench's own data: a few kinds of charts as SVG, readable on white and on black."""
from html import escape

COLOURS = ("#4878a8", "#d07c3c", "#5a9a5a", "#b05878", "#8a70b0", "#907850", "#4aa0a0", "#a0a040", "#c06060", "#7a7a7a")
INK, GRID = "#808080", "#80808040"


def document(width, height, body, title):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'font-family="sans-serif" font-size="11" fill="{INK}"><title>{escape(title)}</title>\n' + "\n".join(body)
            + "\n</svg>\n")


def text(x, y, what, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(str(what))}</text>'


def nice_top(value):
    """The next of 1, 2, 5 times a power of ten."""
    if value <= 0:
        return 1
    power = 1
    while power > value:
        power /= 10
    while power * 10 < value:
        power *= 10
    return next(power * m for m in (1, 2, 5, 10) if power * m >= value)


def short(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


def lines_panel(at, size, title, xs, series):
    """Lines over one axis of time: series {name: values (None: no value)}; from zero up."""
    (x0, y0), (width, height) = at, size
    top = nice_top(max((v for values in series.values() for v in values if v is not None), default=1))
    span = (xs[-1] - xs[0]) or 1
    out = [text(x0, y0 - 6, title, extra=' font-weight="bold"')]
    for i in range(3):
        y = y0 + height - height * i / 2
        out.append(f'<line x1="{x0}" y1="{y:.1f}" x2="{x0 + width}" y2="{y:.1f}" stroke="{GRID}"/>')
        out.append(text(x0 - 5, y + 4, short(top * i / 2), "end"))
    for n, (name, values) in enumerate(series.items()):
        points = " ".join(f"{x0 + (x - xs[0]) / span * width:.1f},{y0 + height - v / top * height:.1f}"
                          for x, v in zip(xs, values) if v is not None)
        out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[n]}" stroke-width="1.3"/>')
    legend = x0 + width
    for n, name in reversed(list(enumerate(series))):
        legend -= 6.2 * len(name) + 16
        out.append(f'<rect x="{legend:.1f}" y="{y0 - 14}" width="9" height="9" fill="{COLOURS[n]}"/>')
        out.append(text(legend + 12, y0 - 6, name))
    return out


def over_time(title, minutes, panels, notes=()):
    """Panels [(title, {name: values})] one below the other, sharing the axis of minutes."""
    width, left, height, gap = 760, 60, 90, 38
    body, y = [text(left, 18, title, extra=' font-size="14"')], 52
    for panel, series in panels:
        body += lines_panel((left, y), (width - left - 20, height), panel, minutes, series)
        y += height + gap
    y -= gap - 14
    for i in range(7):
        body.append(text(left + (width - left - 20) * i / 6, y, f"{minutes[0] + (minutes[-1] - minutes[0]) * i / 6:.0f} min",
                         "middle"))
    for note in notes:
        y += 16
        body.append(text(left, y, note))
    return document(width, y + 12, body, title)


def stacked_bars(title, unit, bars, notes=()):
    """Bars [(name, [(part, value)])]; each as long as its sum, all on one scale."""
    width, left, right = 760, 120, 70
    largest = max(sum(v for _, v in parts) for _, parts in bars)
    scale = (width - left - right) / (largest or 1)
    names = list(dict.fromkeys(part for _, parts in bars for part, _ in parts))
    body, y = [text(10, 18, title, extra=' font-size="14"')], 34
    for name, parts in bars:
        x = left
        body.append(text(left - 8, y + 17, name, "end"))
        for part, value in parts:
            w = value * scale
            body.append(f'<rect x="{x:.1f}" y="{y}" width="{w:.1f}" height="26" fill="{COLOURS[names.index(part) % 10]}">'
                        f"<title>{escape(part)}: {value:.2f} {unit}</title></rect>")
            if w > 34:
                body.append(text(x + w / 2, y + 17, f"{value:.3g}", "middle", ' fill="#ffffff"'))
            x += w
        body.append(text(x + 6, y + 17, f"{sum(v for _, v in parts):.3g} {unit}"))
        y += 36
    x, y = left, y + 12
    for n, name in enumerate(names):
        if x + 6.4 * len(name) + 26 > width:
            x, y = left, y + 17
        body.append(f'<rect x="{x:.1f}" y="{y - 9}" width="9" height="9" fill="{COLOURS[n % 10]}"/>')
        body.append(text(x + 13, y, name))
        x += 6.4 * len(name) + 26
    for note in notes:
        y += 17
        body.append(text(left, y, note))
    return document(width, y + 12, body, title)
