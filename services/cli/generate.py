"""`dondoc generate`: plausible synthetic tasks, the same for the same seed."""

import asyncio
import random
from collections.abc import Iterator
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from services.cli.client import (
    DEFAULT_KEY_FILE,
    DEFAULT_URL,
    KeyFile,
    Url,
    parallel_client,
    raise_problem,
    suite_client,
)
from services.cli.console import Misuse, Stop, err, out
from services.cli.environment import require_year

TOGETHER = 8  # requests under way at once
MOST_AGENCIES = 3  # of one task
VERBS = ("Xây dựng", "Hoàn thiện", "Rà soát", "Triển khai", "Kết nối", "Chuẩn hóa", "Công bố", "Đánh giá")
THINGS = (
    "cơ sở dữ liệu chuyên ngành", "quy trình dịch vụ công", "nền tảng số dùng chung", "kế hoạch chuyển đổi số",
    "danh mục dữ liệu mở", "hạ tầng tính toán", "chương trình đào tạo kỹ năng số", "quy chuẩn an toàn thông tin",
)  # fmt: skip
FIELDS = (
    "y tế",
    "giáo dục",
    "đất đai",
    "giao thông",
    "nông nghiệp",
    "tư pháp",
    "tài chính",
    "văn hóa",
    "lao động",
)
DELIVERABLES = (
    "Đề án",
    "Quyết định",
    "Báo cáo",
    "Văn bản hướng dẫn",
    "Nền tảng vận hành",
    "Biên bản kết nối",
)


def generate(
    tasks: Annotated[int, typer.Option(help="Số nhiệm vụ. / How many.", min=1, max=100_000)],
    seed: Annotated[
        int, typer.Option(help="Cùng số cho cùng dữ liệu. / The same seed gives the same tasks.")
    ] = 57,
    around: Annotated[
        str | None,
        typer.Option(
            help="Ngày giữa của thời hạn; mặc định: hôm nay của hệ thống. / Deadlines lie around this day; "
            "default: the suite's own."
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = DEFAULT_KEY_FILE,
) -> None:
    """Sinh nhiệm vụ tổng hợp để thử tải. / Generate synthetic tasks for trying out load."""
    given = _day(around)
    programme = f"TONGHOP-{seed}"
    with suite_client(url, key_file) as client:
        middle = given or date.fromisoformat(client.get("/tasks/v1/statistics").json()["as_of"])
        levels = ("central", "province")
        pages = [
            client.get("/tasks/v1/agencies", params={"level": level, "limit": 200}).json() for level in levels
        ]
        codes = [agency["code"] for page in pages for agency in page["items"]]
        if len(codes) < MOST_AGENCIES:
            raise Stop(
                "Hệ thống chưa có cơ quan nào để giao: nạp danh mục bằng `dondoc catalogue`.",
                "The suite has no agencies to give tasks to: load the catalogue with `dondoc catalogue`.",
            )
    bodies = synthetic_tasks(tasks, seed, programme, codes, middle)
    made = {"code": programme, "title": f"Dữ liệu tổng hợp {seed}"}
    # the day is in the keys, for the bodies hang on it: another day's run gives other tasks
    asyncio.run(_send(made, bodies, tasks, url, key_file, f"generate-{seed}-{tasks}-{middle}"))
    out.print(f"Đã sinh / generated {tasks} ({programme})")


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise Misuse(f"--around “{text}”: ghi YYYY-MM-DD.", f"--around “{text}”: write YYYY-MM-DD.") from None
    if day is not None:
        require_year("--around", day)
    return day


def synthetic_tasks(
    number: int, seed: int, programme: str, codes: list[str], middle: date
) -> Iterator[dict[str, Any]]:
    """Bodies of `number` tasks, the same for the same arguments."""
    draw = random.Random(seed)  # noqa: S311 - reproducible load, not a secret
    for n in range(1, number + 1):
        lead, *others = draw.sample(codes, draw.choice((1, 1, 2, MOST_AGENCIES)))
        day = middle + timedelta(days=draw.randint(-60, 180))
        roles = [{"agency_code": lead, "role": "lead"}]
        roles += [{"agency_code": code, "role": "coordinate"} for code in others]
        yield {
            "title": f"{draw.choice(VERBS)} {draw.choice(THINGS)} lĩnh vực {draw.choice(FIELDS)} (mẫu {n})",
            "programme": programme,
            "deadline_text": _deadline(draw, day),
            "deliverable": draw.choice(DELIVERABLES),
            "priority": draw.choice(("normal", "normal", "normal", "high", "urgent")),
            "assignments": roles,
        }


def _deadline(draw: random.Random, day: date) -> str:
    """About a quarter are standing or recurring, as in the real programme (374 of 1,630)."""
    quarter = ("I", "II", "III", "IV")[(day.month - 1) // 3]
    forms = (
        f"trước ngày {day:%d/%m/%Y}", f"chậm nhất ngày {day:%d/%m/%Y}", f"hoàn thành trong tháng {day.month}/{day.year}",
        f"Tháng {day.month}/{day.year}", f"hoàn thành trong quý {quarter}/{day.year}", f"cuối năm {day.year}",
        "thường xuyên", "báo cáo hằng tháng",
    )  # fmt: skip
    return draw.choice(forms)


async def _send(
    programme: dict[str, str],
    bodies: Iterator[dict[str, Any]],
    total: int,
    url: str,
    key_file: Path,
    keys: str,
) -> None:
    numbered = enumerate(bodies)
    with Progress(console=err) as progress:
        bar = progress.add_task("nhiệm vụ / tasks", total=total)
        async with parallel_client(url, key_file) as client:
            recorded = await client.post("/tasks/v1/programmes", json=programme)
            if recorded.status_code != HTTPStatus.CONFLICT:  # 409: an earlier run recorded it
                raise_problem(recorded)

            async def send() -> None:
                for n, body in numbered:
                    key = {"idempotency-key": f"{keys}-{n}"}
                    answer = await client.post("/tasks/v1/tasks", json=body, headers=key)
                    raise_problem(answer)
                    progress.advance(bar)

            await asyncio.gather(*(send() for _ in range(TOGETHER)))
