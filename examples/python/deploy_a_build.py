"""Create a build in BuildMaster and deploy it: python deploy_a_build.py RELEASE_ID"""

from __future__ import annotations

import os
import sys

from shipline.services import BuildMaster

buildmaster = BuildMaster(os.environ["SHIPLINE_BUILDMASTER_URL"], os.environ["SHIPLINE_BUILDMASTER_API_KEY"])
build = buildmaster.create_build(release_id=int(sys.argv[1]), variables={"Branch": "main"})
print(buildmaster.deploy_build(build_id=build["id"], to_stage="Integration"))
