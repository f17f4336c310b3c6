"""Reports for continuous integration, written however a command ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from logitgate.errors import LogitgateError
from logitgate.findings import Verdict
from logitgate.gates.verdict.junit import junit_xml, refusal
from logitgate_flows.messages.reports import add_to_summary, leave_receipt, refuse_unwritable, write_whole

Report: TypeAlias = Callable[[str, Verdict], None]


@contextmanager
def reported(junit: Path | None) -> Iterator[Report]:
    """Write JUnit XML, the step's summary and the schedule's receipt of a verdict; a refusal is one error.

    A refusal is no verdict, so it leaves no receipt.

    Raises
    ------
    ProjectError
        At once when the file could not be written.
    """
    if junit is not None:
        refuse_unwritable(junit)

    def report(model: str, verdict: Verdict) -> None:
        from logitgate.gates.verdict.markdown import markdown  # brings numpy, which comes last

        if junit is not None:
            write_whole(junit, junit_xml(model, verdict.findings))
        add_to_summary(f"## logitgate: {model}\n\n{markdown(verdict, None, '')}")

    def concluded(model: str, verdict: Verdict) -> None:
        report(model, verdict)
        leave_receipt(model, verdict.status)

    try:
        yield concluded
    except LogitgateError as error:
        report("refused", Verdict((refusal(str(error)),)))
        raise
