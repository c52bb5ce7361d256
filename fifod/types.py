"""What moves through the daemon: parameters as normalised, requests, callers and draws."""

from __future__ import annotations

from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType

from fifod import names

Id = str | int | float | None
OneOrEach = int | list[int]


class Pregenerated(Struct, frozen=True, omit_defaults=True):
    """Where a repeatable draw's seed comes from: exactly one of a day (YYYY-MM-DD) and an id."""

    date: str | UnsetType = UNSET
    id: str | UnsetType = UNSET

    @property
    def kind_and_value(self) -> tuple[str, str]:
        if isinstance(self.date, str):
            return "date", self.date
        assert isinstance(self.id, str)
        return "id", self.id


class Params(Struct, frozen=True, rename="camel", kw_only=True):
    """A method's parameters with defaults filled in, in RANDOM.ORG's order; encodes to what the record holds."""

    method: ClassVar[str]

    @property
    def value_count(self) -> int:
        """How many values the draw gives, for quotas; a stream counts as one."""
        return 1

    @property
    def weight(self) -> int:
        """About how much work the values are, in integers."""
        return self.value_count


class Counted(Params, frozen=True, rename="camel", kw_only=True):
    """Parameters of a method that gives `n` values."""

    n: int

    @property
    def value_count(self) -> int:
        return self.n


class Integers(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.INTEGERS
    min: int
    max: int
    replacement: bool = True
    base: int = 10
    pregenerated_randomization: Pregenerated | UnsetType = UNSET


class Sequences(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.SEQUENCES
    length: OneOrEach
    min: OneOrEach
    max: OneOrEach
    replacement: bool | list[bool] = True
    base: OneOrEach = 10
    pregenerated_randomization: Pregenerated | UnsetType = UNSET

    @property
    def value_count(self) -> int:
        return sum(self.length) if isinstance(self.length, list) else self.n * self.length

    def each(self) -> list[Integers]:
        """The sequences one by one."""
        columns = (
            value if isinstance(value, list) else [value] * self.n
            for value in (self.length, self.min, self.max, self.replacement, self.base)
        )
        return [
            Integers(n=length, min=low, max=high, replacement=bool(replacement), base=base)
            for length, low, high, replacement, base in zip(*columns, strict=True)
        ]


class Decimals(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.DECIMALS
    decimal_places: int
    replacement: bool = True
    pregenerated_randomization: Pregenerated | UnsetType = UNSET


class Gaussians(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.GAUSSIANS
    mean: int | float
    standard_deviation: int | float
    significant_digits: int
    pregenerated_randomization: Pregenerated | UnsetType = UNSET

    @property
    def weight(self) -> int:
        return 100 * self.n


class Strings(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.STRINGS
    length: int
    characters: str
    replacement: bool = True
    pregenerated_randomization: Pregenerated | UnsetType = UNSET


class UUIDs(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.UUIDS
    pregenerated_randomization: Pregenerated | UnsetType = UNSET


class Blobs(Counted, frozen=True, rename="camel", kw_only=True):
    method = names.BLOBS
    size: int
    format: str = "base64"
    pregenerated_randomization: Pregenerated | UnsetType = UNSET

    @property
    def weight(self) -> int:
        return self.n * self.size // 128


class Stream(Params, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    method = names.STREAM


AnyParams = Integers | Sequences | Decimals | Gaussians | Strings | UUIDs | Blobs | Stream
PARAMS: dict[str, type[AnyParams]] = {
    kind.method: kind for kind in (Integers, Sequences, Decimals, Gaussians, Strings, UUIDs, Blobs, Stream)
}


class Input(Struct, frozen=True):
    """The list that a draw is about: how many items, and the SHA-256 of the items, one a line."""

    count: int
    sha256: str


class Classic(Struct, frozen=True):
    """Whom the classic bridge asks for: the process that its client said it is, which nothing vouches for."""

    pid: int


class Request(Struct, frozen=True):
    """One well-formed request; its method and parameters are not yet checked."""

    id: Id
    method: str
    params: dict[str, object]
    reply: str
    key: str | None = None
    purpose: str | None = None
    input: Input | None = None
    secret: bool = False
    user: str | None = None
    classic: Classic | None = None


class BadRequest(Struct, frozen=True):
    """A line that is no request: why, and where an error can be sent (`reply` is None if nowhere)."""

    code: int
    message: str
    data: list[str | int | float] | None
    id: Id = None
    reply: str | None = None


class Caller:
    """Who asks: the uid that the kernel names, and the user on whose behalf a front end asks."""

    __slots__ = ("drawer", "uid", "user")

    def __init__(self, uid: int, user: str | None = None) -> None:
        self.uid = uid
        self.user = user
        self.drawer = f"unix:{uid}" if user is None else f"web:{user}"
