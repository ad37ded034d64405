"""One stage's deployment: found, continued where it runs, or started once; then waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import values
from shipline.errors import DeploymentFailedError, RefusedError, SupersededError, TimedOutError, UnknownOutcomeError
from shipline.interpolation import placeholder
from shipline.run.evidence import Origin
from shipline.run.results import RunValues
from shipline.run.step import Decision, Job, Step
from shipline.run.steps.find_deployment import DeploymentSearch, note_rival, seconds_under_way, started_by
from shipline.run.steps.poll_deployment import LONGEST_POLL_S, DeploymentPoll, fail_on_warnings, report_warnings
from shipline.run.steps.supersession import OtherBuilds, RejectedError, reject, reject_call, rejected
from shipline.services.buildmaster import BuildMaster, Deployment, same_deploy, times_deployed, worst

if TYPE_CHECKING:
    from shipline.pipeline.model import BuildMasterSettings
    from shipline.run.records import StepRecord
    from shipline.services.client import Call


class StageDetails(NamedTuple):
    """What was found in the stage, for ``act``."""

    stage: str = ""
    before: tuple[int, ...] = ()  # ids of deployments that don't count in the outcome
    parents: tuple[int, ...] = ()  # ids to wait for; none: the stage's deployments that are not among ``before``
    deployed: bool = False  # it has succeeded already
    doubtful: bool = False  # an earlier try may have started a deployment that doesn't show yet
    search: bool = False  # somebody may have started one that no list shows
    attempt: int = 1


class Deploy(Step[StageDetails]):
    """Step ``deploy:STAGE``, or ``deploy`` to the first stage; ``last``: no other stage follows in this run."""

    can_reconcile = True

    def __init__(self, settings: BuildMasterSettings, client: BuildMaster, stage: str, *, last: bool) -> None:
        self.name = f"deploy:{stage}" if stage else "deploy"
        self._settings = settings
        self._client = client
        self._stage = stage
        self._search = DeploymentSearch(client, stage)
        self._others = OtherBuilds(client, settings.stages[-1] if settings.stages else "")
        self._shown = stage or "the first stage"
        self._last = last
        self._posted = False
        self._wait = settings.wait or not last  # the next stage can't start before this one has ended
        self._manual_advice = (
            f"open {settings.url} and check the build's deployments: once one to {self._shown} runs, run again "
            "to continue with it; if none is new, deploy it there"
        )
        self.lost_response_advice = self._manual_advice
        if stage and not settings.start_time:
            self.lost_response_advice = (
                f"run again: Shipline continues a started deployment to {stage}, else starts one"
            )

    def key(self, job: Job) -> str:
        return f"deploy|{self._settings.url}|{job.values.build_id or ''}|{self._stage}"

    def decide(self, job: Job) -> Decision[StageDetails]:
        decision = self._decide(job)
        if self._last:
            self._others.note_earlier(job)
            if decision.calls and job.values.build_id is not None and not job.evidence.created_build:
                job.evidence.set_origin(Origin("started"))  # an unknown build may be in any stage
        return decision

    def _decide(self, job: Job) -> Decision[StageDetails]:
        if job.values.build_id is None:
            return self._start(StageDetails(self._stage))
        record = job.record(self)
        made = self.restored(record) if record else RunValues()
        if record and record.status == "sent" and made.deployment_id:
            return self._resume_recorded(record, made)
        found = self._client.deployments(job.values.build_id, self._stage)
        if (
            record
            and record.status == "done"
            and made.deployment_id
            and self._search.succeeded(made, found, self._shown)
        ):
            fail_on_warnings(job, self._settings, made)
            return self._deployed(made, self._shown if made.stage is None else made.stage)
        stage = self._stage or (found[0].stage if found else "")
        found = found if self._stage else [d for d in found if d.stage == stage]
        if record and record.in_doubt:
            before = frozenset(record.before or ())
            if not {d.id for d in found} - before:
                found = self._search.appearing(job, before, 0 if self._posted else seconds_under_way(record))
            return self._reconcile(job, found, stage, record)
        if record and self._posted and record.refused_by_response:
            before = frozenset(record.before or ())
            if new := [d.id for d in found if d.id not in before]:
                return self._resume([], StageDetails(stage, tuple(before)), new[-1])
        return self._by_deployments(job, found, stage, record)

    def _resume_recorded(self, record: StepRecord, made: RunValues) -> Decision[StageDetails]:
        """Wait for a deployment that the receipt recorded as started."""
        parents = tuple(int(number) for number in str(made.deployment_id).split(","))
        details = StageDetails(before=tuple(record.before or ()), parents=parents)
        reuse = f"deployment {parents[0]} to {self._shown} was started before"
        return Decision(reuse=reuse, wait=self._limits(), made=made, details=details)

    def _deployed(self, made: RunValues, shown: str) -> Decision[StageDetails]:
        reuse = f"deployed to {shown} already ({made.deployment_status or ''})"
        return Decision(reuse=reuse, made=made, details=StageDetails(made.stage or "", deployed=True))

    def _reconcile(self, job: Job, found: list[Deployment], stage: str, record: StepRecord) -> Decision[StageDetails]:
        """Find what an earlier try started whose response was lost: only a new deployment can be its work.

        If none shows in lists or by its id, a later run sends the deploy again. It never does without a stage (it could
        be the following one's), before a start time (nothing need show until then), nor what BuildMaster has accepted.
        """
        before = tuple(record.before or ())
        new = [d.id for d in found if d.id not in before]
        waiting = [] if new else self._search.unlisted(job)
        if new or waiting:
            return self._resume(waiting, StageDetails(stage, before), shown=[*new, *waiting][-1])
        accepted = record.requests and record.requests[-1].accepted
        if self._stage and self._search.complete and not (self._posted or self._settings.start_time or accepted):
            return self._start(
                StageDetails(stage, before), "an earlier run's request started no deployment: sent again"
            )
        others = f" except earlier ones (id {', '.join(map(str, before))})" if before else ""
        raise UnknownOutcomeError(
            f"can't determine whether a deployment to {self._shown} was started",
            why=f"an earlier run may have started one, and BuildMaster lists none{others}",
            todo=self._manual_advice,
        )

    def _resume(self, parents: list[int], details: StageDetails, shown: int) -> Decision[StageDetails]:
        reuse = f"deployment {shown} to {details.stage or self._shown} was started before"
        return Decision(reuse=reuse, wait=self._limits(), details=details._replace(parents=tuple(parents)))

    def _by_deployments(
        self, job: Job, found: list[Deployment], stage: str, record: StepRecord | None
    ) -> Decision[StageDetails]:
        """Decide by the build's deployments in the stage; no request of this receipt is in doubt."""
        if not found:
            known = (job.receipt.existed and job.receipt.has_earlier_attempts) or self._created(job)
            failed = record is not None and (record.status == "failed" or record.refused_by_response)
            doubtful = not known or failed or self._other_stage_in_doubt(job)
            return self._start(StageDetails(stage, doubtful=doubtful, search=not job.evidence.created_build))
        last = same_deploy(found)
        running = any(not d.ended for d in last)
        if running or self._last:
            own = str(self.restored(record).deployment_id or "") if record else ""
            self._search.note_rivals(job, found, last, [int(number) for number in own.split(",") if number])
        if running:
            details = StageDetails(stage, before=tuple(d.id for d in found if d not in last))
            reuse = f"deployment {last[-1].id} to {stage} is {last[-1].status} already"
            return Decision(reuse=reuse, wait=self._limits(), details=details)
        status = worst(last)
        if record and status == record.status == "failed" and self._search.overridden(self.restored(record), last):
            status = "succeeded"
        made = RunValues(deployment_id=str(last[-1].id), deployment_status=status, stage=stage)
        if made.deployment_status in ("succeeded", "warned"):
            fail_on_warnings(job, self._settings, made)
            return self._deployed(made, stage)
        return self._redeploy(job, found, made, stage)

    def _redeploy(self, job: Job, found: list[Deployment], made: RunValues, stage: str) -> Decision[StageDetails]:
        """Deploy again after a failed deployment, if the settings allow it."""
        status, last = made.deployment_status, found[-1].id
        if self._settings.redeploy == "never":
            job.remember(made)
            raise DeploymentFailedError(
                f"the deployment to {stage} has {status} before (id {last}), and buildmaster.redeploy is never",
                todo="set buildmaster.redeploy to failed, or deploy it in BuildMaster",
            )
        if not self._stage and not self._created(job):
            raise RefusedError(
                f"the deployment to {stage} has {status} before (id {last}), and no stage is named",
                why="without a named stage, only what this receipt created or what was never deployed is deployed",
                todo="name the stages in buildmaster.stages",
            )
        attempt = times_deployed(found) + 1
        note = f"deployment {last} to {stage} has {status}: deployed again, attempt {attempt}"
        before = tuple(d.id for d in found)
        return self._start(StageDetails(stage, before, search=True, attempt=attempt), note)

    def _other_stage_in_doubt(self, job: Job) -> bool:
        """True if a deploy to other named stages, or to none, is in doubt: it may be to this one."""
        key = self.key(job)
        prefix = key.removesuffix(self._stage)
        return any(r.in_doubt and r.key != key and r.key.startswith(prefix) for r in job.receipt.steps)

    def _created(self, job: Job) -> bool:
        """True if this receipt created the build, as far as it knows: another run was not faster."""
        record = job.receipt.named("build")
        return bool(record and record.requests) and job.evidence.origin.kind != "adopted"

    def _start(self, details: StageDetails, note: str = "") -> Decision[StageDetails]:
        s = self._settings
        body: dict[str, Any] = {"buildId": placeholder("buildmaster-build-id")}
        if details.stage:
            body["toStage"] = details.stage
        if s.force:
            body["force"] = True
        if s.start_time:
            body["startTime"] = s.start_time
        body |= {f"${name}": value for name, value in s.deploy_variables.items()}
        calls = (self._client.call("deploy-build", body=body),)
        otherwise = (reject_call(self._client),) if s.on_failure == "reject" else ()
        return Decision(calls, note=note, wait=self._limits(), otherwise=otherwise, details=details)

    def _limits(self) -> str:
        if not self._wait:
            return ""
        timeout, pending = map(values.human_duration, (self._settings.timeout, self._settings.pending_timeout))
        return f"timeout {timeout} ({pending} in pending)"

    def act(self, job: Job, decision: Decision[StageDetails]) -> str:
        details = decision.details or StageDetails()
        stage = details.stage or self._stage
        if details.deployed:
            job.done(self, decision.made)
            report_warnings(job, decision.made._replace(stage=stage or self._shown))
            return decision.reuse
        if (details.doubtful or details.search) and (found := self._started_before(job, details)) is not None:
            return self.act(job, found)
        parents = details.parents
        if decision.calls:
            parents = self._post(job, decision.calls[0], details, stage)
        if not self._wait:
            begun = f"started a deployment to {stage or self._shown}" if decision.calls else decision.reuse
            return f"{begun}, not waited for"
        try:
            poll = DeploymentPoll(self._client, self._settings, job, parents, details.before, stage, self._last)
            return poll.run(self)
        except (DeploymentFailedError, TimedOutError) as error:
            if isinstance(error, DeploymentFailedError):
                job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "failed")
            if self._settings.on_failure == "reject" and not isinstance(error, (SupersededError, RejectedError)):
                raise reject(self._client, job, error) from error
            raise

    def _started_before(self, job: Job, details: StageDetails) -> Decision[StageDetails] | None:
        """What an earlier try has started, if that shows by now. Raises UnknownOutcomeError if it can't show yet.

        Without ``doubtful`` it isn't waited for.
        """
        if details.doubtful:
            before = frozenset(details.before)
            patience = LONGEST_POLL_S if self._settings.stages[1:] else 0.0  # a run that goes on to its next stage
            if {d.id for d in self._search.appearing(job, before, patience)} - before:
                return self.decide(job)
        waiting = self._search.unlisted(job)
        if waiting:
            note_rival(job, waiting, self._shown)
            return self._resume(waiting, StageDetails(details.stage or self._stage, details.before), waiting[-1])
        if details.doubtful and self._settings.start_time and not self._created(job):
            raise UnknownOutcomeError(
                f"can't determine whether an earlier attempt has started a deployment to {self._shown}",
                why="its receipt is gone, and BuildMaster lists no deployment before its start time",
                todo=self._manual_advice,
            )
        return None

    def _post(self, job: Job, call: Call, details: StageDetails, stage: str) -> tuple[int, ...]:
        """Send the deploy. Returns the ids of the deployments that BuildMaster has started."""
        record = job.record(self)
        attempt = max(details.attempt, 1 + ((record and record.attempt) or 0))
        self._posted = True
        try:
            made = job.post(
                self, call, lambda data: started_by(data, stage), before=[*details.before], attempt=attempt, reset=True
            )
        except RefusedError:
            build = self._client.build(job.build_id)
            if build is not None and build.status == "rejected":
                raise rejected(self._client, build) from None  # since it was last looked up
            raise
        if made.deployment_id is None:
            job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "failed")
            advice = self._client.name_advice(call)
            todo = "check the pipeline in BuildMaster and the names in buildmaster.stages"
            raise DeploymentFailedError(
                f"BuildMaster started no deployment{f' to {stage}' if stage else ''}: the response is empty",
                why="the release has no pipeline, the pipeline has no such stage, or the stage has no plan",
                todo=f"{todo}; {advice}" if advice else todo,
            )
        job.remember(made)
        started = tuple(int(number) for number in made.deployment_id.split(","))
        if self._last and not job.evidence.created_build:
            job.evidence.set_origin(Origin("started", started))
        return started

    def before_announcing(self, job: Job) -> None:
        if self._last:
            self._others.check(job)
            self._search.note_as_fast(job)
