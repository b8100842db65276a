"""Tests that are coroutines run on time that passes by itself, with a service in memory."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable
from typing import Any

import pytest

from artcafe import PubSub
from fake_server import FakeServer
from fake_time import run


class FakeBus:
    """Clients on a fake service."""

    def __init__(self) -> None:
        self.server = FakeServer()

    def client(self, agent: str, **options: Any) -> PubSub:
        async def token() -> str:
            return agent

        return PubSub("ws://bus", options.pop("token", token), **options)

    async def connected(self, agent: str, **options: Any) -> PubSub:
        client = self.client(agent, **options)
        await client.connect()
        return client


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> FakeBus:
    random.seed(1)
    bus = FakeBus()
    monkeypatch.setattr("artcafe._dialer.open_socket", bus.server.open)
    return bus


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    test: Callable[..., Any] = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    run(functools.partial(test, **{name: pyfuncitem.funcargs[name] for name in names}))
    return True
