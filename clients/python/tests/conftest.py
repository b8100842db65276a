"""Tests that are coroutines run on time that passes by itself, with a service in memory."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable
from typing import Any

import pytest

from fake_bus import FakeBus
from fake_time import run


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> FakeBus:
    random.seed(1)
    bus = FakeBus()
    monkeypatch.setattr("artcafe._connection.dialer.open_socket", bus.server.open)
    return bus


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    test: Callable[..., Any] = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    run(functools.partial(test, **{name: pyfuncitem.funcargs[name] for name in names}))
    return True
