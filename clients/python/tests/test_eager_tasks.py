"""Loops whose tasks begin before `create_task` returns, as those of `asyncio.eager_task_factory` of Python 3.12."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

from fake_bus import FakeBus


class _Begun(Coroutine[Any, Any, Any]):
    """A coroutine that has run up to its first wait."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self._waits_for: list[Any] = []
        self._given: list[Any] = []
        try:
            self._waits_for.append(work.send(None))
        except StopIteration as end:
            self._given.append(end.value)

    def send(self, value: Any) -> Any:
        if self._given:
            raise StopIteration(self._given.pop())
        return self._waits_for.pop() if self._waits_for else self._work.send(value)

    def throw(self, *error: Any) -> Any:
        return self._work.throw(*error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, None, Any]:
        raise NotImplementedError


def eager(loop: asyncio.AbstractEventLoop, work: Any, **given: Any) -> asyncio.Task[Any]:
    return asyncio.Task(_Begun(work), loop=loop, **given)


async def test_the_client_works_on_a_loop_with_eager_tasks(bus: FakeBus) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory", eager))
    try:
        await _talk(bus)
    finally:
        loop.set_task_factory(None)


async def _talk(bus: FakeBus) -> None:
    client = await bus.connected("a")
    heard: list[Any] = []
    subscription = await client.channel("c").subscribe(lambda _: subscription.unsubscribe())
    await client.channel("c").subscribe(lambda message: heard.append(message.content))
    for content in range(3):
        bus.server.publish("c", content)
    await client.channel("c").publish(3)
    await asyncio.sleep(1)
    bus.server.socket_of("a").drop()
    await asyncio.sleep(10)
    await client.channel("c").publish(4)
    await asyncio.sleep(1)
    assert heard == [0, 1, 2, 3, 4]
    await client.close()
