"""Revocations and erasures take a token of another tenant each time: those of a whole tenant would refuse all requests after them."""

import itertools
import os

import schemathesis

with open(os.environ["TOKENS"], encoding="utf-8") as file:
    tokens = itertools.cycle(file.read().split())
refusing = ("/revocations", "/erasures")


@schemathesis.auth(refresh_interval=None)
class Tokens:
    def get(self, case, context):
        return next(tokens) if case.operation.path in refusing else os.environ["TOKEN"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"
