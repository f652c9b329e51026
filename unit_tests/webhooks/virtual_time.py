"""An event loop in which sleeping takes no time, and which runs threads' work at once."""

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest


class _Selector(selectors.DefaultSelector):
    """Moves the clock forward to the next timer instead of waiting for it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0
        return super().select(0)


def run_in_virtual_time(
    monkeypatch: pytest.MonkeyPatch, scenario: Callable[[], Awaitable[None]]
) -> None:
    """Run a coroutine function to its end. `time.monotonic` is the virtual time plus 1000."""
    selector = _Selector()
    loop = asyncio.SelectorEventLoop(selector)

    def run_at_once(_executor: None, call: Callable[[], Any]) -> asyncio.Future[Any]:
        future = loop.create_future()
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - raised where the result is awaited
            future.set_exception(error)
        return future

    monkeypatch.setattr(loop, "time", lambda: selector.now)
    monkeypatch.setattr(loop, "run_in_executor", run_at_once)
    monkeypatch.setattr(time, "monotonic", lambda: 1000 + selector.now)

    async def run() -> None:
        await scenario()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())
