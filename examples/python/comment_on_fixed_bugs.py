"""Tell testers in Centercode that their bugs are fixed: python comment_on_fixed_bugs.py BUG-0001 BUG-0002"""

from __future__ import annotations

import os
import sys

from shipline.services import Centercode

centercode = Centercode(os.environ["SHIPLINE_CENTERCODE_URL"], os.environ["SHIPLINE_CENTERCODE_API_KEY"])
for bug in sys.argv[1:]:
    comment = centercode.project_feedback_comment(
        project_key="WidgetPro", listener_key="BugComment", find=bug, author="admin@centercode.com", message="Fixed."
    )
    print(f"{bug}: {comment['message']}")
