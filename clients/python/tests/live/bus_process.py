"""The real service on this machine, for tests: a bus of the repository in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[4]
OFF = {"agentPerSecond": 0, "tenantPerSecond": 0}
NO_LIMITS = {"messageRate": OFF, "workRate": OFF}


class BusProcess:
    """Calls are those of test/python/bus-process.ts."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.ensure_future(self._read())
        self.url = ""

    async def call(self, name: str, **given: Any) -> Any:
        id = next(self._ids)
        self._waiting[id] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": id, "call": name, **given}).encode() + b"\n")
        return await self._waiting[id]

    async def token(self, agent: str, tenant: str = "demo", expires_in: int = 3_600, **claims: Any) -> str:
        token: str = await self.call(
            "token", tenant=tenant, agent=agent, expiresInSeconds=expires_in, **claims
        )
        return token

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            answer = json.loads(line)
            future = self._waiting.pop(answer["id"])
            if future.done():
                continue
            if "error" in answer:
                future.set_exception(RuntimeError(answer["error"]))
            else:
                future.set_result(answer["value"])
        for future in self._waiting.values():
            future.set_exception(RuntimeError("The bus has ended"))


@contextlib.asynccontextmanager
async def running_bus(**options: Any) -> AsyncIterator[BusProcess]:
    process = await asyncio.create_subprocess_exec(
        os.environ.get("NODE", "node"),
        "--import",
        "tsx",
        "test/python/bus-process.ts",
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    bus = BusProcess(process)
    try:
        bus.url = await bus.call("start", **options)
        yield bus
    finally:
        await bus.stop()
