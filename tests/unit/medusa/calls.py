"""A read and a write to test a client with."""

from msgspec import Struct

from medusa_sync.medusa.client import MedusaClient
from tests.unit.builders import STORE_URL

THINGS_URL = f"{STORE_URL}/admin/things"
DEEP = b'{"count":' + b"[" * 100_000


class Things(Struct):
    count: int


async def get(client: MedusaClient) -> Things:
    return await client.get("/admin/things", [], Things)


async def post(client: MedusaClient) -> Things:
    return await client.post("/admin/things", {"name": "a"}, Things)
