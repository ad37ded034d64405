"""The least that a Python program with Shipline's libraries can take: import them, make the five calls."""

import os

import click  # noqa: F401
import jsonschema  # noqa: F401
import requests
import yaml  # noqa: F401

url = os.environ["URL"] + "/api/releases"
with requests.Session() as session:
    session.headers["X-ApiKey"] = os.environ["KEY"]
    session.verify = os.environ.get("CURL_CA_BUNDLE") or True
    found = session.get(url, params={"applicationName": "Widget", "releaseNumber": "1.4"}, timeout=60)
    release = found.json()[0]["id"]
    session.get(f"{url}/builds", params={"releaseId": release, "buildNumber": "7"}, timeout=60).raise_for_status()
    made = session.post(f"{url}/builds/create", data={"releaseId": release, "buildNumber": "7"}, timeout=60)
    build = made.json()["id"]
    there = session.get(
        f"{url}/builds/deployments", params={"buildId": build, "pipelineStageName": "Testing"}, timeout=60
    )
    if not there.json():
        session.post(
            f"{url}/builds/deploy", data={"buildId": build, "toStage": "Testing"}, timeout=60
        ).raise_for_status()
