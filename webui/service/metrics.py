"""The metrics: what Prometheus is told of daemon, ledger and recorder, asked of them at the moment it asks."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import DatabaseError
from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.registry import Collector

from fifod.errors import CODES, FifodError, from_code
from webui import gateway, locks
from webui.history.recorder import newest_recorded, stored_position
from webui.service import health

Status = dict[str, Any]

_COUNTERS = (
    ("fifod_draws", "draws", "Draws that were recorded."),
    ("fifod_requests", "requests", "Requests that were answered, refused ones too."),
    ("fifod_undelivered", "undelivered", "Draws whose clients did not read the reply in full."),
    ("fifod_unanswerable", "unanswerable", "Requests that were dropped because there was no usable reply FIFO."),
)
_GAUGES = (
    ("fifod_uptime_seconds", "uptime", "Seconds since the daemon's start, with which all its counts begin."),
    ("fifod_clients", "clients", "Reply FIFOs that are open."),
    ("fifod_queue_requests", "queued", "Requests that were read and are not answered yet."),
    ("fifod_queue_bytes", "queueBytes", "Bytes that lie unread in the request FIFO."),
    ("fifod_ledger_head", "serialNumber", "Serial number of the newest draw in the ledger."),
    ("fifod_ledger_bytes", "ledgerBytes", "Size of the ledger's segments together."),
    ("fifod_ledger_segments", "segments", "Segments of the ledger."),
)
"""Family, member of getStatus, and help."""


class Metrics(Collector):
    """Collects everything anew each time. What cannot be learned is left out: no value is better than a wrong one."""

    def collect(self) -> Iterator[Metric]:
        """All families that there are now."""
        # Before the daemon is asked: what is recorded meanwhile must not seem to be ahead of it.
        recorded = _newest_recorded()
        status = _status()
        yield GaugeMetricFamily("fifod_up", "Whether the daemon answers.", value=status is not None)
        if status is not None:
            yield from _of_daemon(status)
            if recorded is not None:
                lag = max(0, status["serialNumber"] - recorded)
                help = "Draws in the ledger that are not in the database yet."
                yield GaugeMetricFamily("fifod_recorder_lag_draws", help, value=lag)
        yield from _of_recorder()


def _status() -> Status | None:
    try:
        return gateway.status(gateway.SECONDS_FOR_METRICS)
    except (FifodError, OSError):
        return None


def _of_daemon(status: Status) -> Iterator[Metric]:
    """What the daemon tells; one of another version may tell less."""
    yield InfoMetricFamily("fifod_build", "The daemon's version.", value={"version": str(status["version"])})
    serving = status["state"] == "serving"
    yield GaugeMetricFamily("fifod_serving", "Whether draws are made; 0 while all are refused.", value=serving)
    for name, member, help in _COUNTERS:
        if (value := status.get(member)) is not None:
            yield CounterMetricFamily(name, help, value=value)
    for name, member, help in _GAUGES:
        if (value := status.get(member)) is not None:
            yield GaugeMetricFamily(name, help, value=value)
    yield _refused(status["refused"])
    if "latency" in status:
        yield _duration(status["latency"])


def _refused(counts: dict[str, int]) -> Metric:
    """Every code from the beginning on: a rate can be taken only of what was there before it grew."""
    family = CounterMetricFamily("fifod_refused", "Requests answered with an error.", labels=["code", "error"])
    for code in sorted({*CODES, *map(int, counts)}):
        error = type(from_code(code, "", None)).__name__
        family.add_metric([str(code), error], counts.get(str(code), 0))
    return family


def _duration(latency: dict[str, Any]) -> Metric:
    buckets = [(str(float(bound)), count) for bound, count in latency["buckets"]]
    return HistogramMetricFamily(
        "fifod_request_duration_seconds",
        "Time from reading a request to having its reply ready to be written.",
        buckets=[*buckets, ("+Inf", latency["count"])],
        sum_value=latency["sum"],
    )


def _newest_recorded() -> int | None:
    try:
        return newest_recorded()
    except DatabaseError:
        return None


def _of_recorder() -> Iterable[Metric]:
    try:
        running = locks.RECORDER.is_held()
        yield GaugeMetricFamily("fifod_recorder_running", "Whether a recorder runs.", value=running)
        lag = health.seconds_behind(stored_position())
        help = "Age of the oldest record in the ledger that is not in the database yet."
        yield GaugeMetricFamily("fifod_recorder_lag_seconds", help, value=lag)
    except (DatabaseError, FifodError, OSError):
        return
