"""Reading an annex of 20,000 rows, against openpyxl and fastexcel alone.

    python bench/spreadsheet_reading.py                  # 20,000 rows of four columns, seven runs each
    python bench/spreadsheet_reading.py --rows 2000 --runs 3

The workbook is written by openpyxl, its texts inside the cells. `read_workbook` is all that an import does before the
names are read; `XlsxFile` is its part that opens the file: checks, texts as shown, formulas, merges. The libraries
alone do less: they give values, and nothing is refused. Each is run once before it is timed, and then alternately, so
that noise of the machine affects all of them. The last column is the median processor time against the first.
"""

import argparse
import gc
import importlib
import io
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec

import openpyxl

from services.tasks.domain.annexes import COLUMNS
from shared.spreadsheets import read_workbook
from shared.spreadsheets.xlsx_file import XlsxFile

HEADINGS = ("TT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")

Read = Callable[[bytes], int]  # the workbook -> rows seen


def workbook(rows: int) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADINGS)
    for number in range(1, rows + 1):
        task = f"Xây dựng đề án số {number} trình cấp có thẩm quyền"
        sheet.append((number, task, "Bộ Nội vụ", "Tháng 5/2025"))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_read_workbook(content: bytes) -> int:
    return len(read_workbook("bench.xlsx", content, COLUMNS).rows) + 1


def with_xlsx_file(content: bytes) -> int:
    book = XlsxFile(content)
    return sum(len(book.grid(sheet).cells) for sheet in book.sheets)


def with_openpyxl(content: bytes) -> int:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return sum(1 for row in book.worksheets[0].iter_rows() if [cell.value for cell in row])


def with_fastexcel(content: bytes) -> int:
    book = importlib.import_module("fastexcel").read_excel(content)
    sheet = book.load_sheet(0, header_row=None, dtypes="string")
    return sum(1 for _ in sheet.to_polars().iter_rows())


READERS: dict[str, Read] = {
    "read_workbook": with_read_workbook,
    "XlsxFile": with_xlsx_file,
    "openpyxl, read-only, bare": with_openpyxl,
}
if find_spec("fastexcel") and find_spec("polars"):
    READERS["fastexcel to polars, bare"] = with_fastexcel


def measure(read: Read, content: bytes, rows: int) -> tuple[float, float]:
    """Seconds on the clock and of the processor, all threads; fails unless every row was seen."""
    gc.collect()
    clock, processor = time.perf_counter(), time.process_time()
    seen = read(content)
    times = time.perf_counter() - clock, time.process_time() - processor
    assert seen == rows + 1, seen
    return times


def compare(rows: int, runs: int) -> None:
    content = workbook(rows)
    print(f"{rows:,} rows of {len(HEADINGS)} columns, {len(content):,} bytes, {runs} runs; medians")
    for read in READERS.values():
        measure(read, content, rows)
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in READERS}
    for _ in range(runs):
        for name, read in READERS.items():
            results[name].append(measure(read, content, rows))
    base = statistics.median(processor for _, processor in results["read_workbook"])
    for name, pairs in results.items():
        clock, processor = (statistics.median(times) for times in zip(*pairs, strict=True))
        spread = f"{min(pairs)[0]:.2f}-{max(pairs)[0]:.2f}"
        print(f"  {name:26} {clock:5.2f} s ({spread})  processor {processor:5.2f} s  x{processor / base:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    compare(options.rows, options.runs)


if __name__ == "__main__":
    main()
