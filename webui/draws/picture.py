"""The picture of a distribution: places and lengths for the SVG that the template writes."""

from dataclasses import dataclass

from webui.draws.distribution import Bin

WIDTH, HEIGHT, LEFT, FOOT = 600, 200, 36, 22
_GAP = 0.18
_WITHIN = 2  # sigmas: 95 of 100 counts of a fair draw


@dataclass(frozen=True)
class Bar:
    """One range: its bar, the band in which fair counts mostly lie, and the line of what is expected."""

    bin: Bin
    x: float
    width: float
    y: float
    height: float
    band_y: float
    band_height: float
    start: float
    line_y: float
    line_end: float

    @property
    def expected(self) -> str:
        """The expected count for people."""
        return f"{self.bin.expected:.1f}".removesuffix(".0")

    @property
    def step(self) -> float:
        """How wide the place of the bar is."""
        return round(self.line_end - self.start, 1)

    @property
    def is_within(self) -> bool:
        """Whether the count lies in the band."""
        return abs(self.bin.observed - self.bin.expected) <= _WITHIN * self.bin.sigma + 1e-9


@dataclass(frozen=True)
class Tick:
    """A word beside an axis; `anchor` is the class that says which end of it stands at `x`."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Picture:
    """Bars, and what stands beside them."""

    bars: list[Bar]
    ticks: list[Tick]

    width, height, left, foot = WIDTH, HEIGHT, LEFT, HEIGHT - FOOT

    @property
    def within(self) -> int:
        """How many bars end in their bands."""
        return sum(bar.is_within for bar in self.bars)

    @property
    def least(self) -> int:
        """The smallest count."""
        return min(bar.bin.observed for bar in self.bars)

    @property
    def most(self) -> int:
        """The largest count."""
        return max(bar.bin.observed for bar in self.bars)


def of(bins: list[Bin]) -> Picture:
    """The picture of these ranges."""
    top = max(max(one.observed, one.expected + _WITHIN * one.sigma) for one in bins) * 1.05
    step = (WIDTH - LEFT) / len(bins)
    bars = [_bar(one, LEFT + number * step, step, top) for number, one in enumerate(bins)]
    return Picture(bars, _ticks(bars, top))


def _ticks(bars: list[Bar], top: float) -> list[Tick]:
    foot = HEIGHT - FOOT
    # Counts at the left: nought, and the round number nearest below the top.
    step = 10 ** (len(str(int(top))) - 1)
    most = int(top // step * step) or 1
    high = round(foot - foot * most / top, 1)
    counts = [Tick(LEFT - 6, foot, "0", "end"), Tick(LEFT - 6, max(high + 4, 12), str(most), "end")]
    first, last = bars[0], bars[-1]
    ends = [Tick(first.start, HEIGHT - 6, first.bin.label, "start"), Tick(WIDTH, HEIGHT - 6, last.bin.label, "end")]
    return counts + ends


def _bar(one: Bin, x: float, step: float, top: float) -> Bar:
    foot = HEIGHT - FOOT

    def at(count: float) -> float:
        return round(foot - foot * min(max(count, 0.0), top) / top, 1)

    high, low = at(one.expected + _WITHIN * one.sigma), at(one.expected - _WITHIN * one.sigma)
    y = at(one.observed)
    return Bar(
        one,
        round(x + step * _GAP / 2, 1),
        round(step * (1 - _GAP), 1),
        y,
        round(foot - y, 1),
        high,
        round(low - high, 1),
        round(x, 1),
        at(one.expected),
        round(x + step, 1),
    )
