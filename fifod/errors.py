"""One tree of errors: each has a code for the wire, an exit status (sysexits.h) and a message fit for a user."""

from __future__ import annotations

Datum = str | int | float

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_SOFTWARE, EX_OSERR = 64, 65, 69, 70, 71
EX_IOERR, EX_TEMPFAIL, EX_PROTOCOL, EX_NOPERM = 74, 75, 76, 77
EXIT_CANNOT_START = 3


class FifodError(Exception):
    """Base of every error that fifod raises on purpose.

    `code` is the JSON-RPC or RANDOM.ORG code, 0 for errors that never cross the pipe; `data` the values that the
    message was made of.
    """

    code = 0
    exit_status = EX_SOFTWARE

    def __init__(self, message: str, data: list[Datum] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class RequestError(FifodError):
    """The daemon will not do what a request asks."""

    exit_status = EX_DATAERR


class ParseError(RequestError):
    """The line is not JSON."""

    code = -32700
    exit_status = EX_PROTOCOL


class InvalidRequest(RequestError):
    """The line is JSON but not a request."""

    code = -32600
    exit_status = EX_PROTOCOL


class UnknownMethod(RequestError):
    """No such method."""

    code = -32601
    exit_status = EX_PROTOCOL


class InvalidParams(RequestError):
    """A parameter is missing, unknown or given twice."""

    code = -32602
    exit_status = EX_USAGE


class InternalError(RequestError):
    """A fault of the daemon, which has logged it."""

    code = -32603
    exit_status = EX_SOFTWARE


class Refusing(RequestError):
    """No draws at present, because they could not be recorded; repeat later."""

    code = 101
    exit_status = EX_TEMPFAIL


class Malformed(RequestError):
    """A parameter has the wrong type or form."""

    code = 200


class IllegalValue(RequestError):
    """A parameter has a value that is not one of those allowed."""

    code = 201


class OutOfRange(RequestError):
    """A number lies outside its range."""

    code = 202


class TooLong(RequestError):
    """A text or list is too long."""

    code = 203


class TooShort(RequestError):
    """A text or list is too short."""

    code = 204


class NotLess(RequestError):
    """One parameter must be less than another."""

    code = 300


class DomainTooSmall(RequestError):
    """More different values are asked for than there are."""

    code = 301


class KeyTaken(RequestError):
    """The key was used for a draw with other parameters."""

    code = 302


class NotFound(RequestError):
    """No such draw that the caller may see."""

    code = 303


class TooLarge(RequestError):
    """The result would be too large."""

    code = 304


class QuotaExceeded(RequestError):
    """The drawer has used up this minute's draws or values."""

    code = 402
    exit_status = EX_TEMPFAIL


class StartError(FifodError):
    """The daemon can never start like this: what is wrong must be mended first."""

    exit_status = EXIT_CANNOT_START


class AlreadyRunning(StartError):
    """Another daemon has the ledger or the runtime directory."""

    exit_status = EX_TEMPFAIL


class LedgerError(FifodError):
    """The ledger is damaged, is not the one that was expected, or cannot be read."""

    exit_status = EX_DATAERR


class InArchive(LedgerError):
    """What is needed stands in segments that are not in the ledger any more."""


class LedgerNotWritable(FifodError):
    """The ledger cannot be written now: disk full, read-only, gone."""

    exit_status = EX_IOERR


class NotRunning(FifodError):
    """Nobody reads the request FIFO."""

    exit_status = EX_UNAVAILABLE


class TimedOut(FifodError):
    """No answer within the time allowed."""

    exit_status = EX_TEMPFAIL


class NoPermission(FifodError):
    """The caller may not use a file that is needed."""

    exit_status = EX_NOPERM


class UsageError(FifodError):
    """Arguments that cannot be sent as they are."""

    exit_status = EX_USAGE


class ProtocolError(FifodError):
    """The other side sent something that is not a reply."""

    exit_status = EX_PROTOCOL


_BY_CODE: dict[int, type[RequestError]] = {kind.code: kind for kind in RequestError.__subclasses__()}
CODES = tuple(sorted(_BY_CODE))
"""Every code that an error object may have."""


def meaning(code: int) -> str:
    """What an error code means, in a few words."""
    kind = _BY_CODE.get(code, RequestError)
    return (kind.__doc__ or kind.__name__).partition("\n")[0].rstrip(".")


def from_code(code: int, message: str, data: list[Datum] | None) -> RequestError:
    """The error that an error object of a reply stands for."""
    error = _BY_CODE.get(code, RequestError)(message, data)
    error.code = code
    return error
