"""What goes to standard output and standard error: values one a line, JSON, summaries, seeds and hints."""

from __future__ import annotations

import os
import sys
from json import JSONEncoder

from fifod.errors import EX_IOERR, FifodError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from typing import Any

    from fifod.reply import Reply


class CannotWrite(FifodError):
    """Standard output takes nothing."""

    exit_status = EX_IOERR


def emit(output: str | bytes) -> None:
    """Write all of it to standard output, as UTF-8; raises BrokenPipeError if nobody reads any more."""
    if sys.stdout is None:
        raise CannotWrite("cannot write the values: standard output is closed")
    try:
        sys.stdout.buffer.write(output if isinstance(output, bytes) else output.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _silence_stdout()
        raise
    except OSError as error:
        _silence_stdout()
        raise CannotWrite(f"cannot write to standard output: {error.strerror}") from None


def _silence_stdout() -> None:
    # What is still buffered would fail again when the interpreter ends, and say so.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


def tell(line: str) -> None:
    """One line for the person, on standard error, if there is one."""
    if sys.stderr is None:
        return  # print() would take standard output instead
    try:
        print(f"fifod-client: {plainly(line)}", file=sys.stderr)
    except OSError:
        pass


def is_watched() -> bool:
    """Whether a person, not a program, reads both outputs."""
    return sys.stdout is not None and sys.stdout.isatty() and sys.stderr is not None and sys.stderr.isatty()


def json_line(value: Any) -> str:
    """One line of JSON, text unescaped."""
    return JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode(value) + "\n"


def plainly(text: str) -> str:
    """Text from elsewhere, without what a terminal would obey: control characters are written as escapes."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in text])


def lines(items: Iterable[str]) -> str:
    """One item a line."""
    return "".join([f"{item}\n" for item in items])


def emit_values(reply: Reply, values: str | bytes) -> None:
    """Write what was drawn; to a person who watches the other output, tell first which draw it is."""
    show_seed(reply)
    if sys.stderr is not None and sys.stderr.isatty():
        tell(f"draw {reply.serial_number}, hash {reply.hash}")
    emit_drawn(reply, values)


def emit_drawn(reply: Reply, values: str | bytes) -> None:
    """Write what was drawn; an error names the draw, which is made all the same."""
    try:
        emit(values)
    except CannotWrite as error:
        serial = reply.serial_number
        error.message += f"; draw {serial} was made, see fifod-client show {serial}"
        raise


def show_seed(reply: Reply) -> None:
    """Tell the drawer the seed of a secret draw: nobody can tell it later."""
    if reply.seed is not None:
        tell(f"secret draw {reply.serial_number}; keep its seed, only it can prove the draw: {reply.seed}")


def warn_if_repeatable(reply: Reply) -> None:
    """Say that a draw is no evidence of fairness."""
    if reply.repeatable:
        tell(f"draw {reply.serial_number} is repeatable: others may have known it beforehand, it proves nothing")


def plain(value: float) -> str:
    """A number without an exponent."""
    from decimal import Decimal

    return format(Decimal(repr(value)), "f")


def readable(value: object) -> str:
    """One value as a person reads it."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str | int):
        return str(value)
    from decimal import Decimal

    return f"{value:f}" if isinstance(value, Decimal) else plain(float(str(value)))


def summary(values: list[int] | list[float]) -> str:
    """Count, sum and mean; the sum of decimal fractions is exact."""
    from decimal import Context, Decimal

    exact = Context(prec=60)
    total: Decimal = Decimal(0)
    for value in values:
        total = exact.add(total, Decimal(repr(value)))
    mean = Context(prec=15).divide(total, Decimal(len(values))).normalize()
    return f"count {len(values)}\nsum {total:f}\nmean {mean:f}\n"
