"""Pictures of counts, drawn by pygal without its styles and scripts: the site's style sheets give them their look."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pygal
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe
from pygal.style import Style

from webui.history.counts import DAY, HOUR, MONTH, OverTime
from webui.history.labels import METHODS

# pygal leaves a finder for its plug-ins among Python's, of an age that makes Python warn at every import after.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]

_FORMATS = {HOUR: "m-d H:i", DAY: "m-d", MONTH: "Y-m"}
_STYLE = Style(label_font_size=12, major_label_font_size=12, value_font_size=12)
_LABELS = 8
_WIDE, _PHONE = 720, 340


def of_time(over_time: OverTime) -> SafeString:
    """Bars for the steps of a period."""
    labels = [name_of(step.start, over_time.unit) for step in over_time.steps]
    every = -(-len(labels) // _LABELS)
    chart = _chart(pygal.Bar, width=_WIDE, height=260, x_labels_major=labels[::every], show_minor_x_labels=False)
    return _drawn(chart, labels, [step.count for step in over_time.steps])


def of_methods(by_method: dict[str, int]) -> SafeString:
    """Bars for methods, the most frequent at the top."""
    ordered = sorted(by_method.items(), key=lambda item: item[1])
    chart = _chart(pygal.HorizontalBar, width=_PHONE, height=70 + 34 * len(ordered))
    return _drawn(chart, [str(METHODS[method]) for method, _ in ordered], [count for _, count in ordered])


def name_of(start: datetime, unit: str) -> str:
    """What a step is called."""
    return formats.date_format(start, _FORMATS.get(unit, "Y"))


def _chart(kind: Callable[..., Any], **options: Any) -> Any:
    return kind(
        js=[],
        css=[],
        style=_STYLE,
        no_prefix=True,
        pretty_print=False,
        show_legend=False,
        truncate_label=-1,
        explicit_size=False,
        margin=8,
        rounded_bars=2,
        min_scale=1,
        max_scale=5,
        value_formatter=lambda value: f"{value:,.0f}" if value == int(value) else "",
        **options,
    )


def _drawn(chart: Any, labels: list[str], counts: list[int]) -> SafeString:
    chart.x_labels = labels
    chart.add("", counts)
    chart.add_xml_filter(_plain)
    # Labels and numbers alone are in it, and pygal writes XML by a library that escapes.
    svg: str = chart.render(is_unicode=True, disable_xml_declaration=True)
    return mark_safe(svg)


def _plain(root: Any) -> Any:
    """Without styles, scripts and what only a script would show."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or _is_for_scripts(child):
                parent.remove(child)
            else:
                child.attrib.pop("style", None)
    root.attrib.pop("id", None)
    root.set("aria-hidden", "true")
    return root


def _is_for_scripts(element: Any) -> bool:
    return element.tag in ("defs", "style", "script", "desc") or "overlay" in element.get("class", "")
