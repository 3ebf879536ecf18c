"""An in-memory Medusa Admin API for tests; `tests/contract` compares it with a real one."""

from tests.harness.fake_medusa.errors import ApiError
from tests.harness.fake_medusa.server import FakeMedusa, Request

__all__ = ["ApiError", "FakeMedusa", "Request"]
