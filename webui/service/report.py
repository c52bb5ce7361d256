"""What a check of the ledger found, as it is kept and shown."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from fifod.ledger.chain import Findings
from webui.service.units import printable

FAULTS_KEPT = 20


@dataclass(frozen=True)
class ShownFault:
    """Something that is not as it was written, and where."""

    place: str
    reason: str


@dataclass(frozen=True)
class Report:
    """The findings, or why there are none."""

    records: int = 0
    draws: int = 0
    first: int = 0
    last: int = 0
    hash: str = ""
    archived: int = 0
    archived_since: str = ""
    erased: int = 0
    torn: int = 0
    fault_count: int = 0
    faults: tuple[ShownFault, ...] = field(default=())
    problem: str = ""

    @classmethod
    def of(cls, findings: Findings) -> Self:
        """What is kept of findings."""
        archived = findings.archived
        return cls(
            records=findings.records,
            draws=findings.draws,
            first=findings.first_serial or 0,
            last=findings.last_serial or 0,
            hash=findings.hash,
            archived=archived.last if archived else 0,
            archived_since=archived.time[:10] if archived else "",
            erased=findings.erased,
            torn=findings.torn,
            fault_count=findings.fault_count,
            faults=tuple(ShownFault(fault.place, fault.reason) for fault in findings.faults[:FAULTS_KEPT]),
        )

    @classmethod
    def kept(cls, kept: dict[str, Any] | None) -> Self | None:
        """A report as the database holds it."""
        if kept is None:
            return None
        return cls(**{**kept, "faults": tuple(ShownFault(**fault) for fault in kept["faults"])})

    def to_keep(self) -> dict[str, Any]:
        """The report for the database; what a changed ledger says must not steer a page or a terminal."""
        kept = asdict(self)
        kept["faults"] = [{name: printable(text) for name, text in fault.items()} for fault in kept["faults"]]
        return kept

    @property
    def more_faults(self) -> int:
        """How many faults are not listed."""
        return self.fault_count - len(self.faults)

    def __str__(self) -> str:
        """For the audit log."""
        if self.problem:
            return f"failed: {self.problem}"
        if self.fault_count:
            if self.fault_count == 1:
                return f"not good: one fault, at {self.faults[0].place}"
            return f"not good: {self.fault_count} faults; the first at {self.faults[0].place}"
        records = f"{self.records} records" if self.records != 1 else "one record"
        drawn = f"draws {self.first} to {self.last}" if self.draws > 1 else f"draw {self.first}"
        return f"good: {records}, {drawn if self.draws else 'no draws yet'}, newest hash {self.hash}"
