"""Clients of the three services, set up as the documents' examples have them."""

from __future__ import annotations

from shipline import interpolation
from shipline.pipeline import model
from shipline.redaction import Secret
from shipline.services.buildmaster import BuildMaster
from shipline.services.centercode import Centercode
from shipline.services.v3 import V3
from shipline.transport import settings as transport_settings

KEY = "sandbox-k3y-that-must-not-show"
NETWORK = transport_settings.Network(retry_for=0)


def _secret() -> Secret:
    return Secret(KEY, "TEST_KEY")


def buildmaster(url: str = "https://buildmaster.example.com", application: str = "Widget") -> BuildMaster:
    settings = model.BuildMasterSettings(
        url=url,
        key=_secret(),
        application=application,
        application_id=None,
        release=model.ReleaseRef("latest", ""),
        pipeline=None,
        template=None,
        build_id=None,
        build_number=None,
        if_build_exists="adopt",
        variables={},
        stages=(),
        deploy_variables={},
        force=False,
        start_time=None,
        redeploy="failed",
        wait=True,
        timeout=1800,
        pending_timeout=600,
        warned="accept",
        on_failure="leave",
    )
    return BuildMaster(settings, NETWORK)


def centercode(
    url: str = "https://company.centercode.com", network: transport_settings.Network = NETWORK
) -> Centercode:
    target = model.CentercodeTarget(
        name="centercode",
        url=url,
        key=_secret(),
        project="WidgetPro",
        release_type="Firmware",
        title=interpolation.literal("Software v0.1.1"),
        subtitle=None,
        body="",
        start_date=None,
        end_date=None,
        click_through_notice=None,
        bucket_files=(),
        open_in_new_window=False,
        include_in_download_block=True,
        log_download_attempts=True,
        artifacts=(),
        if_exists="skip",
        on_unknown="fail",
        required=True,
        skip="",
    )
    return Centercode(target, network)


def v3(url: str = "https://api.example.com") -> V3:
    target = model.V3Target(
        name="v3",
        url=url,
        releases_url=None,
        key=_secret(),
        product_id="string",
        version="1.4.0",
        channel="stable",
        platforms=("windows",),
        private=False,
        attach="link",
        upload_form="raw",
        state="draft",
        if_exists="complete",
        required=True,
        skip="",
        title=interpolation.literal("Widget 1.4.0"),
        notes="",
        artifacts=(),
    )
    return V3(target, NETWORK)
