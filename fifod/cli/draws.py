"""The seven drawing commands: their options, the request that each makes, and how its values are printed."""

from __future__ import annotations

from fifod.cli import output
from fifod.cli.parser import Parser, add_draw_options, add_output_options, number, text, whole
from fifod.client import ALPHANUMERIC, Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from fifod.client import Members
    from fifod.reply import Reply


class Drawing:
    """One drawing command."""

    description = ""
    examples = ""

    def add_options(self, parser: Parser) -> None:
        """The options that only this command has."""

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        """Make the draw."""
        raise NotImplementedError

    def lines(self, data: list[Any], options: Namespace) -> list[str]:
        """What is printed, line by line."""
        return data

    def numbers(self, data: list[Any], options: Namespace) -> list[Any] | None:
        """What the summary sums up; None if the values are no numbers."""
        return None


def _add_unique(parser: Parser, what: str) -> None:
    parser.add_argument("--unique", action="store_true", help=f"no {what} twice (RANDOM.ORG: replacement false)")


def _add_range(parser: Parser, kind: Any, metavar: str) -> None:
    parser.add_argument("--min", type=kind, default=1, metavar=metavar, help="the smallest value that may come (1)")
    parser.add_argument("--max", type=kind, default=100, metavar=metavar, help="the largest value that may come (100)")


class Integers(Drawing):
    """Whole numbers."""

    description = "Draw N whole numbers, by default from 1 to 100. `fifod-client N` is short for it. N is 1 to 1000000."
    examples = """\
  fifod-client integers 5 --min 1 --max 6               five dice
  fifod-client integers 6 --min 1 --max 49 --unique     six different numbers
  fifod-client integers 4 --max 255 --base 16           in hexadecimal
"""

    def add_options(self, parser: Parser) -> None:
        _add_range(parser, whole, "NUMBER")
        _add_unique(parser, "number")
        parser.add_argument("--base", type=whole, default=10, metavar="BASE", help="2, 8, 10 or 16 (10)")

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        return client.integers(
            options.n, options.min, options.max, replacement=not options.unique, base=options.base, **members
        )

    def lines(self, data: list[Any], options: Namespace) -> list[str]:
        return list(map(str, data))

    def numbers(self, data: list[Any], options: Namespace) -> list[Any]:
        return data if options.base == 10 else [int(value, options.base) for value in data]


def one_or_each(text: str) -> int | list[int]:
    """A whole number, or several with commas between: one for each sequence."""
    values = [whole(part) for part in text.split(",")]
    return values[0] if len(values) == 1 else values


class Sequences(Drawing):
    """Sequences of whole numbers."""

    description = """\
Draw N sequences of whole numbers; each is one line, with spaces between. Where an option takes several
values with commas between, there must be one for each sequence."""
    examples = """\
  fifod-client sequences 2 --length 3
  fifod-client sequences 2 --length 5,1 --max 69,26 --unique    a lottery with two urns
"""

    def add_options(self, parser: Parser) -> None:
        parser.add_argument(
            "--length", type=one_or_each, required=True, metavar="L[,L...]", help="how many numbers a sequence has"
        )
        _add_range(parser, one_or_each, "NUMBER[,...]")
        _add_unique(parser, "number in a sequence")
        parser.add_argument("--base", type=one_or_each, default=10, metavar="BASE[,...]", help="2, 8, 10 or 16 (10)")

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        unique = not options.unique
        return client.sequences(
            options.n, options.length, options.min, options.max, replacement=unique, base=options.base, **members
        )

    def lines(self, data: list[Any], options: Namespace) -> list[str]:
        return [" ".join(map(str, sequence)) for sequence in data]

    def numbers(self, data: list[Any], options: Namespace) -> list[Any]:
        bases = options.base if isinstance(options.base, list) else [options.base] * len(data)
        return [
            value if isinstance(value, int) else int(value, base)
            for sequence, base in zip(data, bases, strict=True)
            for value in sequence
        ]


class Decimals(Drawing):
    """Decimal fractions."""

    description = "Draw N decimal fractions from 0 up to, not including, 1."
    examples = "  fifod-client decimals 3 --places 6\n"

    def add_options(self, parser: Parser) -> None:
        parser.add_argument("--places", type=whole, default=6, metavar="PLACES", help="decimal places, 1 to 14 (6)")
        _add_unique(parser, "fraction")

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        return client.decimals(options.n, options.places, replacement=not options.unique, **members)

    def lines(self, data: list[Any], options: Namespace) -> list[str]:
        return [f"{value:.{options.places}f}" for value in data]

    def numbers(self, data: list[Any], options: Namespace) -> list[Any]:
        return data


class Gaussians(Drawing):
    """Numbers of a normal distribution."""

    description = "Draw N numbers of a normal (Gaussian) distribution."
    examples = "  fifod-client gaussians 3 --mean 100 --deviation 15 --digits 4\n"

    def add_options(self, parser: Parser) -> None:
        parser.add_argument("--mean", type=number, default=0, metavar="NUMBER", help="the mean (0)")
        parser.add_argument("--deviation", type=number, default=1, metavar="NUMBER", help="the standard deviation (1)")
        parser.add_argument("--digits", type=whole, default=6, metavar="DIGITS", help="significant digits, 2 to 14 (6)")

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        return client.gaussians(options.n, options.mean, options.deviation, options.digits, **members)

    def lines(self, data: list[Any], options: Namespace) -> list[str]:
        return [output.plain(value) for value in data]

    def numbers(self, data: list[Any], options: Namespace) -> list[Any]:
        return data


class Strings(Drawing):
    """Texts."""

    description = "Draw N texts. As long as the record can be read, so can they: for passwords add --secret."
    examples = """\
  fifod-client strings 2 --length 12 --secret
  fifod-client strings 8 --length 1 --characters 'ABCDEFGH' --unique
"""

    def add_options(self, parser: Parser) -> None:
        parser.add_argument(
            "--length", type=whole, default=12, metavar="LENGTH", help="characters in each, 1 to 32 (12)"
        )
        parser.add_argument(
            "--characters",
            type=text,
            default=ALPHANUMERIC,
            metavar="TEXT",
            help="up to 128 different characters (A-Z, a-z, 0-9)",
        )
        _add_unique(parser, "text")

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        return client.strings(options.n, options.length, options.characters, replacement=not options.unique, **members)


class UUIDs(Drawing):
    """UUIDs."""

    description = "Draw N UUIDs of version 4 (RFC 9562)."
    examples = "  fifod-client uuids 2\n"

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        return client.uuids(options.n, **members)


class Blobs(Drawing):
    """Blocks of random bits."""

    description = "Draw N blocks of random bits. As long as the record can be read, so can they: for keys add --secret."
    examples = """\
  fifod-client blobs 1 --size 256 --format hex --secret     a 256-bit key
"""

    def add_options(self, parser: Parser) -> None:
        parser.add_argument(
            "--size",
            type=whole,
            default=256,
            metavar="BITS",
            help="bits in each, a multiple of 8 (256, which is 32 bytes)",
        )
        parser.add_argument("--format", default="base64", metavar="FORMAT", help="base64 or hex (base64)")

    def draw(self, client: Client, options: Namespace, members: Members) -> Reply:
        return client.blobs(options.n, options.size, options.format, **members)


DRAWINGS: dict[str, Drawing] = {
    "integers": Integers(),
    "sequences": Sequences(),
    "decimals": Decimals(),
    "gaussians": Gaussians(),
    "strings": Strings(),
    "uuids": UUIDs(),
    "blobs": Blobs(),
}

SENSITIVE = ("strings", "blobs")


def build(command: str) -> Parser:
    """The command's parser."""
    drawing = DRAWINGS[command]
    parser = Parser(command, drawing.description, drawing.examples)
    parser.add_argument("n", type=whole, metavar="N", help="how many")
    drawing.add_options(parser)
    add_output_options(parser)
    add_draw_options(parser)
    return parser


def run(command: str, options: Namespace) -> int:
    """Draw and print."""
    drawing = DRAWINGS[command]
    with Client(timeout=options.timeout) as client:
        reply = drawing.draw(client, options, {"purpose": options.purpose, "secret": options.secret})
    if options.json:
        output.emit_drawn(reply, output.json_line(reply.result))
        return 0
    # The seed comes first: it cannot be asked for again, even if nobody takes the values.
    output.emit_values(reply, _text(drawing, reply.data, options))
    if command in SENSITIVE and not options.secret and output.is_watched():
        output.tell("who may read the record can compute these again; with --secret nobody can")
    return 0


def _text(drawing: Drawing, data: list[Any], options: Namespace) -> str:
    text = output.lines(drawing.lines(data, options))
    if not options.summary:
        return text
    numbers = drawing.numbers(data, options)
    return text + (f"count {len(data)}\n" if numbers is None else output.summary(numbers))
