"""`make bench`: run every bench, or those named, print one table and write results.json beside it as figures come.

make bench                        # everything, about 20 minutes on two quiet cores
make bench ARGS=quick             # 20,000 tasks, short runs: about 3 minutes
make bench ARGS='quick keys'      # one of them
Ends with code 1 where a figure failed (a goal that is missed is printed, and is no failure), 130 after Ctrl-C.
"""

import importlib
import sys
import time
from collections.abc import Iterator, Sequence

from bench.client import measured_alone
from bench.common import Figure, Run, failed
from bench.report import Report
from bench.runs import started

QUICK = "quick"
FAMILIES = (
    "tasks_reads",
    "tasks_writes",
    "keys",
    "heartbeats",
    "ledger",
    "balances",
    "task_import",
    "group_changes",
    "reminders",
    "webhook_sender",
    "log_relay",
    "idle_suite",
)
SIZES, QUICK_SIZES = (20_000, 100_000, 1_000_000), (20_000,)


def _figures(run: Run, family: str) -> Iterator[Figure]:
    """The figures of a family; where it fails as a whole, a figure that says so."""
    print(f"{family} ...", file=sys.stderr, flush=True)
    began = time.perf_counter()
    try:
        yield from importlib.import_module(f"bench.{family}").figures(run)
    except Exception as error:  # noqa: BLE001 - the other families are measured all the same
        yield failed(family, error)
    run.notes[f"time of {family}"] = f"{time.perf_counter() - began:.0f} s"


def main(words: Sequence[str]) -> int:
    quick = QUICK in words
    sizes = tuple(int(word) for word in words if word.isdigit()) or (QUICK_SIZES if quick else SIZES)
    families = [word for word in words if word != QUICK and not word.isdigit()]
    report = Report(quick=quick, keeps=bool(families))
    try:
        with started(quick=quick, sizes=sizes) as run:
            run.notes["client"] = measured_alone()
            for family in families or FAMILIES:
                for figure in _figures(run, family):
                    report.add(family, figure)
                report.note(run.notes)
    except KeyboardInterrupt:
        report.print()
        return 130
    report.print()
    return 1 if report.failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
