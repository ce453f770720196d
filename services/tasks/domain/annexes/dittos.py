"""Cells that repeat the one above them ("nt", "như trên", "//"): of the same column, within the same section."""

from collections.abc import Iterable
from dataclasses import replace

from services.tasks.domain.annexes.layout import TaskRow
from shared.naming.cells import repeats_above

_COLUMNS = ("lead_text", "coordinate_text", "deadline_text")


def repeat_above(items: Iterable[TaskRow]) -> list[TaskRow]:
    """Rows with repeated cells written out; without a cell above it stays as it is and is refused later."""
    above: dict[str, str] = {}
    section: object = None
    read = []
    for item in items:
        row = item.row
        here = (item.place.annex, item.place.section)
        if here != section:
            above, section = {}, here
        cells = {name: row.values[name] for name in _COLUMNS if name in row.values}
        repeated = {
            name: above[name] for name, text in cells.items() if repeats_above(text) and above.get(name)
        }
        above = cells | repeated
        if repeated:
            # "-nt-" in a CSV file looks like a formula
            problems = tuple(
                each for each in row.problems if each.field not in repeated or each.code != "formula"
            )
            row = replace(row, values={**row.values, **repeated}, problems=problems)
        read.append(replace(item, row=row))
    return read
