"""The few requests of GitHub's and GitLab's API that list, create and change the comments of one pull request.

As in GitHub's "REST API endpoints for issue comments" and GitLab's "Notes API".
"""

from __future__ import annotations

import json
import re
from typing import Self

from http_server import HttpServer, Received, Reply

GITHUB = "/repos/acme/widget/issues/5/comments"
GITLAB = "/api/v4/projects/42/merge_requests/5/notes"
TOKEN = "review%token/4="  # `%` is escaped where GitHub masks it
BOT_TOKEN = "ghs_" + TOKEN  # of an app's installation, as each job has one


class Comments(HttpServer):
    """Keeps the comments by id. ``refuse``: the status of every change, as a token without rights gets it.

    ``people``: the ids of comments that people wrote. ``listed``: what the list is instead.
    """

    def __init__(self) -> None:
        super().__init__(self._reply)
        self.comments: dict[int, str] = {}
        self.refuse = 0
        self.people: set[int] = set()
        self.listed: bytes | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    @property
    def changes(self) -> list[str]:
        """The methods of the changes, in order."""
        return [request.method for request in self.received if request.method != "GET"]

    def github(self) -> dict[str, str]:
        """The variables of a workflow's run, without the path of the event's file."""
        return {"GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": "acme/widget", "GITHUB_TOKEN": TOKEN}

    def gitlab(self) -> dict[str, str]:
        """The variables of a job for merge request 5."""
        project = {"CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "5"}
        return {**project, "CI_API_V4_URL": f"{self.url}/api/v4", "GITLAB_TOKEN": TOKEN}

    def _reply(self, request: Received) -> Reply:
        given = request.headers.get("Authorization") or request.headers.get("PRIVATE-TOKEN")
        if given not in (f"Bearer {TOKEN}", f"Bearer {BOT_TOKEN}", TOKEN):
            return Reply(401, {"message": "Bad credentials"})
        if request.method == "GET" and request.path in (GITHUB, GITLAB):
            size, page = int(request.query["per_page"]), int(request.query["page"])
            every = [
                {"id": number, "body": body, "user": {"type": "User" if number in self.people else "Bot"}}
                for number, body in self.comments.items()
            ]
            return Reply(200, every[size * (page - 1) : size * page] if self.listed is None else self.listed)
        if self.refuse:
            return Reply(self.refuse, {"message": "Resource not accessible by integration"})
        body = json.loads(request.body)["body"]
        if request.method == "POST" and request.path in (GITHUB, GITLAB):
            number = len(self.comments) + 1
            self.comments[number] = body
            return Reply(201, {"id": number, "body": body})
        changed = re.fullmatch(rf"(?:/repos/acme/widget/issues/comments|{GITLAB})/([0-9]+)", request.path)
        method = "PUT" if request.path.startswith(GITLAB) else "PATCH"
        if changed and request.method == method and int(changed[1]) in self.comments:
            self.comments[int(changed[1])] = body
            return Reply(200, {"id": int(changed[1]), "body": body})
        return Reply(404, {"message": "Not Found"})
