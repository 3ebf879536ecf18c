"""The recipes that post the plan as a comment, with a stand-in for each vendor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from threading import Thread
from typing import Any

from jsonschema import validate

from tests.unit.recipes import loaded

MARK = "<!-- medusa-sync -->"
GH = """#!{python}
import json, sys
from pathlib import Path
import jq
_, *words = sys.argv[1:]
options = dict(zip(words, words[1:]))
path = next(word for word in words if word.startswith("repos/"))
file = Path("comments.json")
comments = json.loads(file.read_text())
if "--jq" in words:
    assert path == "repos/shop/catalogue/issues/7/comments" and "--paginate" in words
    print(*jq.compile(options["--jq"]).input_value(comments).all(), sep="\\n")
else:
    name, _, at = options["--field"].partition("=@")
    text = Path(at).read_text()
    if options["--method"] == "PATCH":
        [one] = [each for each in comments if path == f"repos/shop/catalogue/issues/comments/{{each['id']}}"]
        one[name] = text
    else:
        assert path == "repos/shop/catalogue/issues/7/comments"
        author = {{"login": "github-actions[bot]"}}
        comments.append({{"id": len(comments) + 1, "user": author, name: text}})
    file.write_text(json.dumps(comments))
"""


def post(script: str, folder: Path, plan: str, **variables: str) -> None:
    (folder / "plan.md").write_text(plan, encoding="utf-8")
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "no_proxy": "*", **variables}
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, check=True, timeout=60)


def bodies(comments: list[dict[str, Any]]) -> list[str]:
    return [each["body"] for each in comments]


def test_github_has_one_comment_that_is_replaced(tmp_path: Path) -> None:
    plan, comment = loaded("github-comment.yml")
    assert "--dry-run --report plan.md" in plan["run"]
    stand_in = tmp_path / "gh"
    stand_in.write_text(GH.format(python=sys.executable), encoding="utf-8")
    stand_in.chmod(0o755)
    file = tmp_path / "comments.json"
    forged = f"{MARK}\nby somebody else"
    others = [
        {"id": 1, "user": {"login": "ann"}, "body": forged},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "of another job"},
    ]
    file.write_text(json.dumps(others), encoding="utf-8")
    for text in (f"{MARK}\nfirst", f"{MARK}\nsecond"):
        post(comment["run"], tmp_path, text, REPOSITORY="shop/catalogue", NUMBER="7")
        shown = bodies(json.loads(file.read_text(encoding="utf-8")))
        assert shown == [forged, "of another job", text]


@contextmanager
def gitlab(notes: list[dict[str, Any]]) -> Iterator[str]:
    """Serve the user 5 and the notes of a merge request; yield the address of the API."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["PRIVATE-TOKEN"] == "hush"
            self.answer({"id": 5} if self.path == "/api/v4/user" else notes)

        def do_POST(self) -> None:
            assert self.path == "/api/v4/projects/3/merge_requests/7/notes"
            notes.append({"id": len(notes) + 1, "author": {"id": 5}, **self.content()})
            self.answer(notes[-1])

        def do_PUT(self) -> None:
            [note] = [each for each in notes if self.path.endswith(f"/7/notes/{each['id']}")]
            note.update(self.content())
            self.answer(note)

        def content(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, value: object) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v4"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_gitlab_has_one_note_that_is_replaced(tmp_path: Path) -> None:
    plan, comment = loaded("gitlab-comment.yml")["plan"]["script"]
    assert "--dry-run --report plan.md" in plan
    forged = f"{MARK}\nby somebody else"
    notes = [{"id": 1, "author": {"id": 4}, "body": forged}, {"id": 2, "author": {"id": 5}, "body": "hi"}]
    with gitlab(notes) as url:
        for text in (f"{MARK}\nfirst é", f"{MARK}\nsecond"):
            names = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7"}
            post(comment, tmp_path, text, GITLAB_TOKEN="hush", **names)
            assert bodies(notes) == [forged, "hi", text]


def test_the_parts_match_the_schemas_of_their_vendors() -> None:
    drift = {"runs-on": "ubuntu-latest", "steps": loaded("github-comment.yml")}
    documents = {
        "github-workflows": {"on": "pull_request", "jobs": {"drift": drift}},
        "gitlab-ci": loaded("gitlab-comment.yml"),
    }
    for schema, document in documents.items():
        vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{schema}.json"
        validate(document, json.loads(vendored.read_text(encoding="utf-8")))
