"""Removes the external ids and the records of one source, or with --delete its products.

    python3 forget.py shop [--delete]

It needs MEDUSA_BACKEND_URL and MEDUSA_API_KEY in the environment.
"""

import base64
import json
import os
import sys
from typing import Any
from urllib.request import Request, urlopen


def call(path: str, body: Any = None) -> Any:
    """The response of the store to a GET, or to a POST if there is a body."""
    key = base64.b64encode(f"{os.environ['MEDUSA_API_KEY']}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(os.environ["MEDUSA_BACKEND_URL"].rstrip("/") + path, data, headers)  # noqa: S310 - the store's own URL
    with urlopen(request) as response:  # noqa: S310 - as above
        return json.load(response)


source, *options = sys.argv[1:]
products: list[dict[str, Any]] = []
fields = "limit=1000&order=id&fields=id,external_id"
while page := call(f"/admin/products?{fields}&offset={len(products)}")["products"]:
    products += page
ids = [each["id"] for each in products if (each["external_id"] or "").startswith(f"{source}:")]
for start in range(0, len(ids), 100):
    some = ids[start : start + 100]
    forget = [{"id": each, "external_id": None, "metadata": {"medusa_sync": ""}} for each in some]
    call("/admin/products/batch", {"delete": some} if "--delete" in options else {"update": forget})
print(f"{len(ids)} products")
