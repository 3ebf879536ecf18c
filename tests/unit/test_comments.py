"""The recipes that post the plan as a comment, with a stand-in for each vendor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.unit.recipes import loaded

MARK = "<!-- medusa-sync sync-products shop -->"
OTHER = "<!-- medusa-sync sync-products shop2 -->\nof another source"
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
    steps = {step.get("name"): step for step in loaded("github-plan.yml")["jobs"]["plan"]["steps"]}
    comment = steps["Comment"]
    stand_in = tmp_path / "gh"
    stand_in.write_text(GH.format(python=sys.executable), encoding="utf-8")
    stand_in.chmod(0o755)
    file = tmp_path / "comments.json"
    forged = f"{MARK}\nby somebody else"
    others = [
        {"id": 1, "user": {"login": "ann"}, "body": forged},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": OTHER},
    ]
    file.write_text(json.dumps(others), encoding="utf-8")
    for text in (f"{MARK}\nfirst", f"{MARK}\nsecond"):
        post(comment["run"], tmp_path, text, REPOSITORY="shop/catalogue", NUMBER="7")
        shown = bodies(json.loads(file.read_text(encoding="utf-8")))
        assert shown == [forged, OTHER, text]


@contextmanager
def gitlab(notes: list[dict[str, Any]], answers: Mapping[str, object] = {}) -> Iterator[str]:
    """Serve the user 5, the notes of a merge request, and other answers; yield the address of the API."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["PRIVATE-TOKEN"] == "hush"
            path = self.path.removeprefix("/api/v4")
            self.answer({"id": 5} if path == "/user" else answers.get(path, notes))

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
    _, comment = loaded("gitlab-plan.yml")["plan"]["script"]
    forged = f"{MARK}\nby somebody else"
    notes = [{"id": 1, "author": {"id": 4}, "body": forged}, {"id": 2, "author": {"id": 5}, "body": OTHER}]
    with gitlab(notes) as url:
        for text in (f"{MARK}\nfirst é", f"{MARK}\nsecond"):
            names = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7"}
            post(comment, tmp_path, text, GITLAB_TOKEN="hush", **names)
            assert bodies(notes) == [forged, OTHER, text]


def test_gitlab_writes_the_plan_of_the_merged_commit(tmp_path: Path) -> None:
    download, apply = loaded("gitlab-plan.yml")["apply"]["script"]
    answers = {
        "/projects/3/repository/commits/c0/merge_requests": [{"iid": 7, "state": "merged", "sha": "a1"}],
        "/projects/3/merge_requests/7/pipelines": [{"id": 1, "sha": "a2"}, {"id": 2, "sha": "a1"}],
        "/projects/3/pipelines/2/jobs": [{"id": 8, "name": "lint"}, {"id": 9, "name": "plan"}],
        "/projects/3/jobs/9/artifacts/plan.ndjson": {"plan": "approved"},
    }
    with gitlab([], answers) as url:
        names = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "3", "CI_COMMIT_SHA": "c0"}
        post(download, tmp_path, "", GITLAB_TOKEN="hush", **names)
        assert json.loads((tmp_path / "plan.ndjson").read_text(encoding="utf-8")) == {"plan": "approved"}
        answers["/projects/3/merge_requests/7/pipelines"] = []
        with pytest.raises(subprocess.CalledProcessError):
            post(download, tmp_path, "", GITLAB_TOKEN="hush", **names)
    assert apply == "medusa-sync products --apply-plan plan.ndjson"


def test_a_plan_is_written_only_after_the_merge_and_never_of_a_fork() -> None:
    plan, apply = loaded("github-plan.yml")["jobs"].values()
    assert all("head.repo.full_name == github.repository" in job["if"] for job in (plan, apply))
    assert apply["if"].startswith("github.event.pull_request.merged && ")
    name = {step["with"]["name"] for step in plan["steps"] if "upload" in step.get("uses", "")}
    assert name == {"plan-${{ github.event.pull_request.head.sha }}"}
    written = [step["run"] for step in apply["steps"] if "medusa-sync products" in step.get("run", "")]
    assert written == ["medusa-sync products --apply-plan plan.ndjson"]
