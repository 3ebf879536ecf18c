"""An in-memory Medusa Admin API for tests; `tests/contract` holds it to a real one."""

from tests.harness.fake_medusa.errors import ApiError
from tests.harness.fake_medusa.server import FakeMedusa, Request

__all__ = ["ApiError", "FakeMedusa", "Request"]
