"""`dondoc listen`: a webhook receiver on this machine, subscribed while it runs."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer
from fastapi import FastAPI, Request, Response
from rich.panel import Panel
from standardwebhooks import Webhook, WebhookVerificationError

from services.cli.client import (
    DEFAULT_KEY_FILE,
    DEFAULT_URL,
    Forwarder,
    KeyFile,
    Url,
    require_url,
    suite_client,
)
from services.cli.console import err, out
from services.cli.environment import bind
from services.cli.serving import serve_until_stopped

HOOK_PATH = "/webhook"


def listen(
    agency: Annotated[str, typer.Option(help="Mã cơ quan nhận cảnh báo. / Agency whose alerts to receive.")],
    forward: Annotated[
        str | None, typer.Option(help="Chuyển tiếp tới URL. / Forward each webhook to this URL.")
    ] = None,
    port: Annotated[int, typer.Option(help="Cổng, 0 = tự chọn. / Port, 0 = any.", min=0, max=65535)] = 0,
    include_descendants: Annotated[
        bool, typer.Option("--include-descendants", help="Cả cấp dưới. / Those below, too.")
    ] = False,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = DEFAULT_KEY_FILE,
) -> None:
    """Nhận, xác minh và in webhook của một cơ quan. / Receive, verify and print an agency's webhooks."""
    if forward is not None:
        require_url("--forward", forward)
    with bind("127.0.0.1", port) as listener, suite_client(url, key_file) as client:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}{HOOK_PATH}"
        body = {"url": address, "agency_code": agency, "include_descendants": include_descendants}
        subscription = client.post("/notify/v1/subscriptions", json=body).json()

        def ask_for_a_trial() -> None:
            client.post(f"/notify/v1/subscriptions/{subscription['id']}/test")

        async def greet() -> None:
            where = f"Nhận cảnh báo của {agency} tại / receiving {agency}'s alerts at {address}"
            out.print(where, soft_wrap=True)
            out.print("Ctrl-C để dừng và hủy đăng ký. / Ctrl-C stops and unsubscribes.")
            await asyncio.to_thread(ask_for_a_trial)  # shows at once that webhooks arrive

        try:
            asyncio.run(_receive(listener, subscription["secret"], greet, forward))
        except KeyboardInterrupt:
            pass
        finally:
            client.delete(f"/notify/v1/subscriptions/{subscription['id']}")
            out.print("Đã hủy đăng ký. / Unsubscribed.")


async def _receive(
    listener: socket.socket, secret: str, greet: Callable[[], Awaitable[None]], forward: str | None
) -> None:
    app = FastAPI(openapi_url=None)
    webhook = Webhook(secret)
    forwarder = Forwarder(forward) if forward else None

    @app.post(HOOK_PATH)
    async def receive(request: Request) -> Response:
        content = await request.body()
        try:
            webhook.verify(content, dict(request.headers))
        except WebhookVerificationError as error:
            err.print(f"Chữ ký không đúng / bad signature: {error}", style="red")
            return Response(status_code=401)
        _print(json.loads(content))
        return await _pass_on(forwarder, content, request) if forwarder else Response(status_code=204)

    try:
        await serve_until_stopped(app, listener, greet)
    finally:
        if forwarder:
            await forwarder.close()


async def _pass_on(forwarder: Forwarder, content: bytes, request: Request) -> Response:
    """Forward with the signature; responds with the target's status, 502 where it is not reached."""
    status = await forwarder.forward(content, request.headers)
    out.print(f"  → {forwarder.target}: {status or 'không kết nối được / not reached'}")
    return Response(status_code=status or 502)


def _print(event: dict[str, Any]) -> None:
    data = event["data"]
    title = f"{data.get('kind', event['type'])} {data.get('milestone', '')}".strip()
    out.print(Panel(data["message_vi"] + "\n" + data["message_en"], title=title, subtitle=event["id"]))
    out.print_json(json.dumps(event, ensure_ascii=False))
