"""A spreadsheet as it was sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.spreadsheets.apart import read_workbook_apart
from shared.spreadsheets.headings import Columns
from shared.spreadsheets.workbook import Workbook


@dataclass(frozen=True, slots=True)
class Upload:
    """`columns` maps fields to headings as printed; `sheet` names the only sheet to read."""

    filename: str
    content: bytes
    columns: Mapping[str, str] | None = None
    sheet: str | None = None

    async def read(self, columns: Columns) -> Workbook:
        """Its rows, read in a process of its own.

        Raises:
            InvalidInput: the file or its headings cannot be read.
            TooLarge: bytes, rows or columns above the limit.
        """
        return await read_workbook_apart(self.filename, self.content, columns, self.columns, self.sheet)
