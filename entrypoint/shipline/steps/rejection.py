"""What happens to the build whose deployment failed, with ``buildmaster.on-failure: reject``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.errors import CanceledError, ShiplineError, UnknownOutcomeError
from shipline.text import later

if TYPE_CHECKING:
    from shipline.receipt import Status
    from shipline.services.buildmaster import BuildMaster
    from shipline.services.operation import Call
    from shipline.steps import Job


def call(client: BuildMaster) -> Call:
    return client.call("reject-build", body={"buildId": later("buildmaster-build-id")})


def reject(client: BuildMaster, job: Job, failure: ShiplineError) -> None:
    """Reject the run's build because of ``failure``, which then says so; journaled. A refusal is only a warning."""
    rejecting = call(client)
    request = rejecting.request(job.values)
    entry = job.receipt.begin("reject", f"reject {job.values['buildmaster-build-id']}")
    line = job.receipt.sending(entry, request)
    status: Status = "unknown"
    try:
        client.send(rejecting.operation, request)
        status = "done"
        failure.todo = "the build was rejected: mend the cause and release a new build"
    except CanceledError:
        raise
    except ShiplineError as error:
        status = "unknown" if isinstance(error, UnknownOutcomeError) else "refused"
        job.console.warning(f"the build could not be rejected: {error.what}")
    finally:
        line["status"] = status
        job.receipt.settle(entry, status)
