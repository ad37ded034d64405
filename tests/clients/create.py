"""Creates a release in each service of the sandbox at ADDRESS, by clients from openapi-python-client."""

from __future__ import annotations

import sys

from buildmaster import AuthenticatedClient as BuildMaster
from buildmaster.api.default import create_build, create_release
from buildmaster.models import CreateBuildBody, CreateReleaseBody
from centercode import Client as Centercode
from centercode.api.default import project_release
from centercode.models import ReleaseRequest as Announcement
from v3 import AuthenticatedClient as Releases
from v3.api.default import create_release as create_v3_release
from v3.models import ReleaseRequest

address, product = sys.argv[1:]
strict = {"raise_on_unexpected_status": True}

with BuildMaster(address, "sandbox-key", prefix="", auth_header_name="X-ApiKey", **strict) as buildmaster:
    release = create_release.sync(
        client=buildmaster,
        body=CreateReleaseBody(application_name="Widget", release_number="1.4.0", pipeline_name="Standard"),
    )
    build = create_build.sync(client=buildmaster, body=CreateBuildBody(release_id=release.id))
    assert build.release_number == release.release_number == "1.4.0"

# The generator knows keys in a header alone.
with Centercode(f"{address}/api/v1", httpx_args={"params": {"apiKey": "sandbox-key"}}, **strict) as centercode:
    announcement = Announcement(title="Widget 1.4.0", release_value="1.4.0")
    posted = project_release.sync("WidgetPro", "Firmware", client=centercode, body=announcement)
    assert posted is not None

with Releases(address, "sandbox-key", **strict) as v3:
    draft = create_v3_release.sync(
        client=v3,
        body=ReleaseRequest(
            name="Widget 1.4.0", version="1.4.0", channel="stable", product_id=product, platforms=["windows"]
        ),
    )
    assert (draft.version, draft.published) == ("1.4.0", False)
