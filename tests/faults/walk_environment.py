"""Where walks go: a project, its services and its CI system, and what must hold there after every run."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from jsonschema import Draft202012Validator

from faults.environment import CONFIG, Environment
from faults.interruptions import Watch
from faults.redirect_target import RedirectTarget
from fork_server import ForkServer
from job.project import KEYS, PRODUCT, Ended
from shipline_sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faults.proxy import Rule
    from shipline_sandbox.server import Running

STAGES = ("Integration", "Testing")
MANNERS: dict[str, dict[str, object]] = {
    "good": {},
    "warned": {"outcome": "warned"},
    "failed": {"outcome": "failed"},
    "pending": {"pending_seconds": 1e9},
    "executing": {"executing_seconds": 1e9},
}
_LIMITS = ("--network-connect-timeout", "2s", "--network-read-timeout", "2s")
_SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/receipt.schema.json").read_text(encoding="utf-8"))
# A signal that comes while a thread is being started may have Python complain of that thread; nothing hangs on it.
_NOISE = re.compile(r"Exception ignored in thread started by: .*\nTraceback.*\n(?: .*\n)+KeyError: .*\n")
_ERROR = re.compile(r"(?m)^(?:error: |::error [^:\n]*::)(.*?)(?:%0A|$)")
_UNKNOWN = re.compile(
    r"can't determine whether .*|(?:PUT|POST|DELETE|PATCH) \S+ (?:was sent|responded)|but the response lacks"
)


class WalkEnvironment(Environment):
    """``job``: which of the CI runs this is; each has a build of its own. ``advice`` does what a person was told to."""

    proxy: Watch

    def __init__(
        self, folder: Path, sandbox: Running, proxy: Watch, redirect_target: RedirectTarget, forks: ForkServer
    ) -> None:
        super().__init__(folder, sandbox, proxy, redirect_target)
        self.forks = forks

    def begin(self, *, ci: bool, numbered: bool, stages: Sequence[str], closing: bool) -> None:
        self.reset()
        self.proxy.skew = timedelta()
        self.proxy.wrong.clear()
        self.ci, self.numbered, self.closing = ci, numbered, closing
        self.job, self.attempt = 1, 0
        self.manners = dict.fromkeys(STAGES, "good")
        self.behaved: set[str] = set()
        self.kept: list[str] = []  # what was added to the settings, for this CI run
        self.earlier: set[int] = set()  # builds of the CI runs before
        self.last: Ended | None = None
        self.configure(stages)
        self.behave()

    def configure(self, stages: Sequence[str]) -> None:
        self.stages = tuple(stages)
        number = f'  build-number: "{6 + self.job}"\n' if self.numbered else ""
        limits = "  timeout: 20s\n  pending-timeout: 10s\n"
        named = f"  stages: [{', '.join(stages)}]\n" if stages else ""
        config = CONFIG.format(url=self.proxy.url, product=PRODUCT, number=number + limits, stages=named)
        pipeline = "Standard" if self.closing else "Full"
        self.folder.joinpath("shipline.yml").write_text(config.replace("pipeline: Standard", f"pipeline: {pipeline}"))

    def behave(self, **manners: str) -> None:
        """How deployments to these stages go that start from now on."""
        self.manners |= manners
        self.behaved |= set(manners.values())
        named = [{"name": stage, **MANNERS[manner]} for stage, manner in self.manners.items()]
        pipelines = {"Standard": {"stages": named}, "Full": {"stages": [*named, {"name": "Production"}]}}
        self.sandbox.admin("seed", {"buildmaster": {"applications": [{"name": "Widget", "pipelines": pipelines}]}})

    def turn(self, hours: int) -> None:
        """The services' `Date` is off by so much from now on."""
        self.proxy.skew = timedelta(hours=hours)

    def next_job(self) -> None:
        self.job += 1
        self.attempt = 0
        self.kept = []
        self.earlier = {build["id"] for build in self.state()["buildmaster"]["builds"]}

    def go(
        self,
        *flags: str,
        rule: Rule | None = None,
        cut: tuple[int, str, bool] | None = None,
        launch: Sequence[str] = (),
    ) -> Ended:
        """Run once; ``cut``: after so many requests connections fail, in which way, and whether that passes."""
        receipt = self.receipt()
        if not self.ci and not self.numbered and receipt and receipt["result"] in ("succeeded", "warned"):
            self.next_job()  # outside CI a run after a finished one is a new one
        self.attempt += 1
        self.proxy.clear()
        self.proxy.rule = rule
        if cut is not None:
            launch = self._cut(*cut) or launch
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("SHIPLINE_", "INPUT_", "GITHUB_", "CI"))}
        environ |= KEYS
        if self.ci:
            environ |= self._github(self.attempt) | {"GITHUB_RUN_ID": str(70 + self.job)}
        arguments = ["run", *_LIMITS, *self.kept, *flags]
        assert self.forks is not None
        code, out, err = self.forks.run(arguments, self.folder, environ, launch, self._started)
        self.pid, self.proxy.rule = 0, None
        shown = "".join(line for line in out.splitlines(keepends=True) if "::add-mask::" not in line)
        self.last = Ended(code, shown, err)
        self._check(self.last)
        self._check_places()
        return self.last

    def _cut(self, after: int, how: str, passing: bool) -> list[str]:
        flag = self.folder / "no-names"
        flag.unlink(missing_ok=True)

        def refuse() -> None:
            self.proxy.refuse()
            if passing:
                threading.Timer(0.05, self.proxy.listen).start()

        act = flag.touch if how == "dns" else refuse
        self.proxy.cut_after, self.proxy.at_cut = after, act
        return [f"dns{'-once' * passing}", str(flag)] if how == "dns" else []

    def receipt(self) -> dict[str, Any] | None:
        for path in (self.folder / ".shipline").glob("*.json"):
            loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return loaded
        return None

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.admin("state")
        return found

    def _check(self, ended: Ended) -> None:
        super()._check(Ended(ended.code, ended.out, _NOISE.sub("", ended.err)))

    def _check_places(self) -> None:
        """The receipt is one; no key is in it, in what CI gets, in a body, or in a request to another service."""
        receipt = self.receipt()
        if receipt is not None:
            Draft202012Validator(_SCHEMA).validate(receipt)
        texts = {"requests": json.dumps(self.sandbox.requests())}
        for path in (self.folder / "output", self.folder / "summary", *(self.folder / ".shipline").iterdir()):
            if path.is_file():
                texts[path.name] = path.read_text(encoding="utf-8")
        for name, text in texts.items():
            for key in KEYS.values():
                assert key not in text, f"a key is in {name}"
                assert quote(key, safe="") not in text, f"a key is in {name}"
        assert not self.proxy.wrong, self.proxy.wrong

    def twice(self) -> list[str]:
        """What is there more than once and must not be, whatever has happened."""
        state = self.state()
        builder = state["buildmaster"]
        widgets = [r for r in builder["releases"] if r["applicationName"] == "Widget"]
        numbers = Counter(build["number"] for build in builder["builds"])
        good = Counter(
            (d["buildNumber"], d["pipelineStageName"])
            for d in builder["deployments"]
            if d["parentId"] is None and d["status"] != "failed"  # those that go on will succeed
        )
        counts = {
            "release": len(widgets),
            "v3 release": len(state["v3"]["releases"]),
            "announcement": len(state["centercode"]["releases"]),
            **{f"build {number}": count for number, count in numbers.items()},
            **{f"deployment of build {number} to {stage}": count for (number, stage), count in good.items()},
        }
        found = [f"{count} of {what}" for what, count in counts.items() if count > 1]
        if len(self.builds()) > 1:
            found.append(f"{len(self.builds())} builds of one CI run")
        return found

    def builds(self) -> list[dict[str, Any]]:
        """Those of this CI run."""
        return [build for build in self.state()["buildmaster"]["builds"] if build["id"] not in self.earlier]

    def missing(self) -> list[str]:
        """What isn't there and must be, after exit 0."""
        state, builds = self.state(), self.builds()
        done = {
            d["pipelineStageName"]
            for d in state["buildmaster"]["deployments"]
            if builds and d["buildNumber"] == builds[0]["number"] and d["status"] in ("succeeded", "warned")
        }
        there = {
            "a build of this CI run": bool(builds),
            **{f"a deployment to {stage}": stage in done for stage in self.stages or STAGES[:1]},
            "a published v3 release with its file": any(
                r["published"] and len(r["files"]) == 1 for r in state["v3"]["releases"]
            ),
            "an announcement": bool(state["centercode"]["releases"]),
        }
        return [what for what, is_there in there.items() if not is_there]

    def unsettled(self) -> set[str]:
        """What the last run says isn't known, after exit 8."""
        assert self.last is not None
        return {said for said in _ERROR.findall(self.last.text) if _UNKNOWN.search(said)}

    def advice(self) -> list[str]:
        """Do what the last run's exit 4 or 8 asks a person for; the flags of the next run. Truthful: it looks first."""
        assert self.last is not None
        if "name the stages" in self.last.text:
            self.kept = [*self.kept, "--buildmaster-stages", STAGES[0]]
            return []
        step = self.last.outputs["failed-step"]
        if step == "publish:centercode":
            there = self.state()["centercode"]["releases"]
            return ["--centercode-on-unknown", "assume" if there else "resend"]
        builds = self.builds()
        if step == "build" and not self.numbered:
            setting = ("id", str(builds[0]["id"])) if builds else ("number", f"9{self.job}")
            self.kept = [f"--buildmaster-build-{setting[0]}", setting[1]]
        if step.startswith("deploy") and builds:
            self._deploy(builds[0], step.partition(":")[2] or STAGES[0])
        return []

    def _deploy(self, build: dict[str, Any], stage: str) -> None:
        there = [d for d in self.state()["buildmaster"]["deployments"] if d["status"] not in ("failed", "canceled")]
        if not any((d["buildNumber"], d["pipelineStageName"]) == (build["number"], stage) for d in there):
            form = {"buildId": str(build["id"]), "toStage": stage}
            url = f"{self.sandbox.url}/api/releases/builds/deploy"
            assert requests.post(url, form, headers={"X-ApiKey": "sandbox-operator"}, timeout=10).ok


@functools.cache
def environment() -> WalkEnvironment:
    """The one of this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="walks-")))
    sandbox = stack.enter_context(running(speed=100_000))
    redirect_target = stack.enter_context(RedirectTarget())
    places = {"/api/releases": "BUILDMASTER_API_KEY", "/api/v1/": "CENTERCODE_API_KEY", "/v3/": "V3_TOKEN"}
    keys = {place: KEYS[f"SHIPLINE_{name}"] for place, name in places.items()}
    proxy = stack.enter_context(Watch(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), keys))
    forks = ForkServer(hasten=True)
    stack.callback(forks.close)
    return WalkEnvironment(folder / "project", sandbox, proxy, redirect_target, forks)
