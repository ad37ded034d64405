"""Uses cryptlex-python-sdk as it is with the sandbox at ADDRESS: releases, files, webhooks, update check."""

from __future__ import annotations

import json
import sys

from cryptlex_web_api_client.api.release_files import (
    deletev3release_filesid,
    getv3release_files,
    getv3release_filesid,
    postv3release_files,
)
from cryptlex_web_api_client.api.releases import (
    deletev3releasesid,
    getv3releases,
    getv3releasesid,
    getv3releaseslatest,
    getv3releasesupdate,
    patchv3releasesid,
    postv3releases,
    postv3releasesidpublish,
)
from cryptlex_web_api_client.api.users import getv3mereleases
from cryptlex_web_api_client.api.webhooks import (
    deletev3webhooksid,
    getv3webhooks,
    getv3webhooksevents,
    getv3webhooksid,
    patchv3webhooksid,
    postv3webhooks,
)
from cryptlex_web_api_client.client import AuthenticatedClient
from cryptlex_web_api_client.models import HttpErrorResponseDto
from cryptlex_web_api_client.models.postv_3_release_files_json_body import Postv3ReleaseFilesJsonBody
from cryptlex_web_api_client.models.postv_3_releases_json_body import Postv3ReleasesJsonBody
from cryptlex_web_api_client.models.postv_3_webhooks_json_body import Postv3WebhooksJsonBody
from cryptlex_web_api_client.models.release_request_model import ReleaseRequestModel
from cryptlex_web_api_client.models.webhook_request_model import WebhookRequestModel

address, product = sys.argv[1:]
client = AuthenticatedClient(base_url=address, token="sandbox-sdk", timeout=60.0)

wanted = Postv3ReleasesJsonBody(
    name="Widget 1.4.0", version="1.4.0", channel="stable", platform="linux", product_id=product
)
wanted["platforms"] = ["windows"]  # newer than the SDK, which sends it all the same
release = postv3releases.sync(client=client, json_body=wanted)
again = postv3releases.sync(client=client, json_body=wanted)
assert isinstance(again, HttpErrorResponseDto), again  # a 409
assert [one.id for one in getv3releases.sync(client=client, product_id=product)] == [release.id]
changed = patchv3releasesid.sync(
    release.id, client=client, json_body=ReleaseRequestModel(notes="New", product_id=product)
)
assert (changed.notes, changed.version, changed.product_id) == ("New", "1.4.0", product)

link = Postv3ReleaseFilesJsonBody(
    name="widget.zip", url="https://dl.example.com/widget.zip", size=7, secured=False, release_id=release.id
)
file = postv3release_files.sync(client=client, json_body=link)  # the SDK reads it as a release
assert [one.id for one in getv3release_files.sync(client=client, release_id=release.id)] == [file.id]
assert getv3release_filesid.sync(file.id, client=client).size == link.size
assert deletev3release_filesid.sync_detailed(file.id, client=client).status_code == 204
assert postv3releasesidpublish.sync(release.id, client=client).published is True
assert getv3releasesid.sync(release.id, client=client).total_files == 0
assert deletev3releasesid.sync_detailed(release.id, client=client).status_code == 409  # it is published

(mine,) = getv3mereleases.sync(client=client)
assert (mine.id, mine.product.display_name) == (release.id, "Widget")

app = {"client": client, "platform": "windows", "product_id": product, "key": "sandbox-license"}
update = getv3releasesupdate.sync_detailed(version="1.3.0", **app)
latest = getv3releaseslatest.sync(**app)

hook = postv3webhooks.sync(
    client=client,
    json_body=Postv3WebhooksJsonBody(
        name="bot", url="http://127.0.0.1:9/", token="a", active=True, events=["release.created"]
    ),
)
paused = patchv3webhooksid.sync(hook.id, client=client, json_body=WebhookRequestModel(active=False))
assert (paused.active, paused.token, paused.events) == (False, "a", ["release.created"])
assert getv3webhooksid.sync(hook.id, client=client) == paused
assert getv3webhooks.sync(client=client) == [paused]
assert "release.created" in getv3webhooksevents.sync(client=client)["release"]
assert deletev3webhooksid.sync_detailed(hook.id, client=client).status_code == 204

seen = {"update": update.status_code, "latest": latest.version, "platform": latest.platform or None}
sys.stdout.write(json.dumps(seen) + "\n")
