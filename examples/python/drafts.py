"""List the v3 releases of a product that aren't published: python drafts.py PRODUCT_ID"""

from __future__ import annotations

import os
import sys

from shipline.services import V3

v3 = V3(os.environ["SHIPLINE_V3_URL"], os.environ["SHIPLINE_V3_TOKEN"])
for release in v3.list_releases(product_id=sys.argv[1], all_pages=True):
    if not release["published"]:
        print(release["version"], release["channel"], release["id"])
