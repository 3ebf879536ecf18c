"""What a run has written is posted in parts, signed, and a failure ends no run."""

import json
import logging
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from docs.build import DOCS
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.outcome import Action, Outcome, Result, Written
from medusa_sync.core.result import RunResult
from medusa_sync.notify.changes import post_changes
from tests.tiers import needed
from tests.unit.results import run

URL = "https://shop.example.com/api/changes?token=hush"
SECRET = "s3cret"


def updated(number: int, *fields: str, action: Action | None = Action.UPDATE) -> Outcome:
    changes = tuple(FieldChange(each, 1, 2) for each in fields)
    written = Written(f"prod_{number}", handle=f"cup-{number}")
    return Outcome(
        f"shop:{number}", f"Cup {number}", Result.UPDATED, changes=changes, action=action, written=written
    )


def result_of(outcomes: Sequence[Outcome]) -> RunResult:
    return run(changes=outcomes)


def posted(httpx_mock: HTTPXMock) -> list[dict[str, Any]]:
    return [json.loads(each.content) for each in httpx_mock.get_requests()]


def test_ids_handles_actions_and_fields_are_posted_without_values(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response()
    outcomes = [
        updated(1, "price", "price", "stock"),
        updated(2, action=None),
        updated(3, action=Action.DELETE),
    ]
    post_changes(result_of(outcomes), URL)
    [body] = posted(httpx_mock)
    assert body["changes"] == [
        {
            "id": "prod_1",
            "external_id": "shop:1",
            "handle": "cup-1",
            "action": "update",
            "fields": ["price", "stock"],
        },
        {"id": "prod_3", "external_id": "shop:3", "handle": "cup-3", "action": "delete", "fields": []},
    ]
    assert (body["version"], body["part"]) == (1, 1)


def test_a_run_that_wrote_nothing_posts_nothing(httpx_mock: HTTPXMock) -> None:
    post_changes(result_of([updated(1, action=None)]), URL)
    assert httpx_mock.get_requests() == []


def test_parts_are_bounded_and_have_keys_of_their_own(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(is_reusable=True)
    post_changes(result_of([updated(each) for each in range(1_200)]), URL)
    assert [(each["part"], len(each["changes"])) for each in posted(httpx_mock)] == [
        (1, 500),
        (2, 500),
        (3, 200),
    ]
    assert len({each.headers["idempotency-key"] for each in httpx_mock.get_requests()}) == 3


def test_the_body_is_signed(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(is_reusable=True)
    post_changes(result_of([updated(1)]), URL, SECRET)
    post_changes(result_of([updated(1)]), URL)
    signed, plain = httpx_mock.get_requests()
    assert (
        signed.headers["x-hub-signature-256"]
        == f"sha256={hmac(SECRET.encode(), signed.content, sha256).hexdigest()}"
    )
    assert "x-hub-signature-256" not in plain.headers


def test_a_lost_response_is_repeated_with_the_same_key(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadError("lost"))
    httpx_mock.add_response()
    post_changes(result_of([updated(1)]), URL)
    first, second = httpx_mock.get_requests()
    assert (first.content, first.headers["idempotency-key"]) == (
        second.content,
        second.headers["idempotency-key"],
    )


def test_a_failure_ends_the_parts_with_a_warning_without_the_url(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture
) -> None:
    httpx_mock.add_response(404)
    with caplog.at_level(logging.WARNING):
        post_changes(result_of([updated(each) for each in range(600)]), URL)
    assert len(httpx_mock.get_requests()) == 1
    [record] = [each for each in caplog.records if each.name == "medusa_sync.notify.changes"]
    words = "the changes of the run were not posted to https://shop.example.com/...:"
    assert record.getMessage() == f"{words} the server responded with 404; check --on-change"


# --- recipes


DRIVER = """
import { POST } from "./route.js"
const body = process.argv[2]
const headers = JSON.parse(process.argv[3])
const response = await POST(new Request("http://shop", { method: "POST", body, headers }))
console.log(JSON.stringify({ status: response.status, tags: globalThis.tags ?? [] }))
"""


def run_node(folder: Path, script: str, *arguments: str, **variables: str) -> Any:
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "driver.js").write_text(script)
    done = subprocess.run(
        [needed("node", "nodejs"), "driver.js", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_recipe_for_next_renews_what_has_changed_if_the_signature_is_right(
    httpx_mock: HTTPXMock, tmp_path: Path
) -> None:
    httpx_mock.add_response()
    post_changes(result_of([updated(1, "price"), updated(2, "title")]), URL, SECRET)
    [request] = httpx_mock.get_requests()
    (tmp_path / "route.js").write_text((DOCS / "examples" / "storefront" / "next-revalidate.js").read_text())
    package = tmp_path / "node_modules" / "next"
    package.mkdir(parents=True)
    (package / "cache.js").write_text("exports.revalidateTag = (tag) => (globalThis.tags ??= []).push(tag)")
    (package / "package.json").write_text('{"name": "next", "exports": {"./cache": "./cache.js"}}')
    for secret, wanted in [
        (SECRET, {"status": 204, "tags": ["product-cup-1", "product-cup-2"]}),
        ("x", {"status": 401, "tags": []}),
    ]:
        headers = json.dumps(dict(request.headers))
        found = run_node(tmp_path, DRIVER, request.content.decode(), headers, ON_CHANGE_SECRET=secret)
        assert found == wanted


MEILI = """
import { reindex } from "./reindex.js"
const seen = []
globalThis.fetch = async (url, options) => {
  const { pathname, searchParams } = new URL(url)
  seen.push([pathname, options.body ? JSON.parse(options.body) : searchParams.getAll("id")])
  return { ok: true, json: async () => ({ products: [{ id: "prod_1", title: "Cup" }] }) }
}
await reindex(JSON.parse(process.argv[2]).changes)
console.log(JSON.stringify(seen))
"""


def test_the_recipe_for_meilisearch_updates_what_the_shop_shows_and_deletes_the_rest(
    httpx_mock: HTTPXMock, tmp_path: Path
) -> None:
    httpx_mock.add_response()
    post_changes(result_of([updated(1, "price"), updated(2, action=Action.DRAFT)]), URL)
    (tmp_path / "reindex.js").write_text((DOCS / "examples" / "storefront" / "reindex.js").read_text())
    body = httpx_mock.get_requests()[0].content.decode()
    store, meili = {"MEDUSA_URL": "http://store"}, {"MEILI_URL": "http://meili"}
    keys = {"MEDUSA_PUBLISHABLE_KEY": "pk", "MEILI_KEY": "k"}
    assert run_node(tmp_path, MEILI, body, **store, **meili, **keys) == [
        ["/store/products", ["prod_1", "prod_2"]],
        ["/indexes/products/documents", [{"id": "prod_1", "title": "Cup"}]],
        ["/indexes/products/documents/delete-batch", ["prod_2"]],
    ]


def test_slack_gets_a_text(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response()
    post_changes(result_of([updated(1, "price")]), URL)
    [body] = posted(httpx_mock)
    assert body["text"].startswith("sync-products: ok")
