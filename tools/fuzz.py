#!/usr/bin/env python3
"""Sends the sandbox what the OpenAPI files allow and what they forbid; each answer must be one that they describe.

Without options it is short, and the same each time but for the ids; --time goes on with new data until it is over.
schemathesis does the work and shows each failure with a curl command. tools/fuzz.toml has the sandbox's names.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shipline import values
from shipline.services import V3, BuildMaster, openapi
from shipline_sandbox.server import running

ROOT = Path(__file__).parent.parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
SERVICES = ("buildmaster", "centercode", "v3")
KEY, PRODUCT = "sandbox-fuzz", "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
SPEED = 1000  # what waits in the sandbox has happened by the next request
SEED = {  # as strict as the OpenAPI files, with the names in BuildMaster's examples and every pair of tools/fuzz.toml's
    "switches": {"unknown_members": "refuse", "required_members": "title-and-value"},
    "buildmaster": {
        "applications": [
            {
                "name": name,
                "pipelines": {
                    key: {"stages": ["Build", "Integration", "Testing"]} for key in ("Release", "Standard", "Full")
                },
                "templates": {key: {"pipeline": "Release"} for key in ("Default", "Standard")},
            }
            for name in ("Widget", "TaxCalculator")
        ]
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--time", type=values.duration, help="how long for each service, such as 10m; new data each time"
    )
    parser.add_argument("--examples", type=int, help="cases for each operation, at most: 10, or 1000 with --time")
    parser.add_argument("--seed", type=int, help="of an earlier run, to see the same again")
    parser.add_argument(
        "--service", action="append", choices=SERVICES, help="this one only; can be given several times"
    )
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbits(32) if given.time else 1
    with ThreadPoolExecutor() as threads:
        examples = given.examples or (1000 if given.time else 10)
        codes = threads.map(lambda service: fuzz(service, given.time, examples, seed), given.service or SERVICES)
        return int(any(codes))


def fuzz(service: str, seconds: float | None, examples: int, seed: int) -> int:
    """The exit code of schemathesis, 0 if nothing was found; what it says is printed at its end."""
    with tempfile.TemporaryDirectory() as folder, running(speed=SPEED, seed=SEED) as sandbox:
        for name, ids in made(sandbox.url).items():
            Path(folder, f"{name}.dict").write_text("".join(f'"{key}"\n' for key in ids), encoding="utf-8")
        config = shutil.copy(ROOT / "tools/fuzz.toml", folder)
        command = [SCHEMATHESIS, "--config-file", config, "run", ROOT / f"schemas/{service}.openapi.json"]
        options = [f"--url={sandbox.url}{openapi.prefix(service)}", f"--seed={seed}"]
        options += [f"--max-examples={examples}", "--continue-on-failure"]
        options += [f"--max-time={seconds:.0f}"] if seconds else []
        before = len(sandbox.requests())
        ended = subprocess.run([*command, *options], cwd=folder, check=False, stdout=subprocess.PIPE, text=True)
        answers = Counter((str(one["operation"]), one["status"]) for one in sandbox.requests()[before:])
    print(ended.stdout)
    for operation in sorted({operation for operation, _ in answers}):
        counted = {status: count for (of, status), count in sorted(answers.items()) if of == operation}
        print(f"  {operation:32}", ", ".join(f"{count} x {status}" for status, count in counted.items()), flush=True)
    return ended.returncode


def made(url: str) -> dict[str, list[str]]:
    """Make something to find, to change and to delete; the ids of v3's releases, and of all that v3 has."""
    buildmaster, v3 = BuildMaster(url, KEY), V3(url, KEY)
    release = buildmaster.create_release(application_name="Widget", release_number="1.4", pipeline_name="Standard")
    for number in range(3):
        build = buildmaster.create_build(release_id=release["id"])
        if number:
            buildmaster.deploy_build(build_id=build["id"])
    releases, others = [], []
    for number in range(30):
        draft = v3.create_release(
            name="Widget", version=f"1.{number}", channel="stable", platforms=["windows"], product_id=PRODUCT
        )
        releases.append(draft["id"])
        link = {"url": "https://dl.example.com/widget.zip", "size": 1, "secured": False}
        others.append(v3.create_release_file(name="widget.zip", release_id=draft["id"], **link)["id"])
        others.append(v3.create_webhook(name="n", url="https://hooks.example.com", events=["release.created"])["id"])
    v3.publish_release(id=releases[-1])
    return {"releases": releases, "made": releases + others}


if __name__ == "__main__":
    sys.exit(main())
