"""What goes into the site's own log, and how much of it."""

from logging import LogRecord


def is_news(record: LogRecord) -> bool:
    """Whether a line tells something: supervisors ask /healthz often, and its answer says itself what is wrong."""
    return not record.getMessage().endswith(": /healthz")


def shorten_refusal(record: LogRecord) -> bool:
    """Leave a refused request its line, without the trace of the program, in which nothing went wrong."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = record.exc_text = None
    return True
