"""An app with LexActivator as it is: checks for updates as CHECKS (JSON) says, and prints what it sees of each."""

from __future__ import annotations

import json
import sys
import tempfile
import threading

from cryptlex.lexactivator import LexActivator, LexActivatorException, PermissionFlags

host, product, checks = sys.argv[1:]


def check(key: str, version: str, flags: int, channel: str = "stable") -> list[object]:
    """The status of an update check, and what the app sees of the release; or the code of an exception."""
    seen: list[object] = []
    done = threading.Event()

    def callback(status: int, release: object, _: object) -> None:
        seen.extend((status, release))
        done.set()

    try:
        LexActivator.SetLicenseKey(key)
        LexActivator.SetReleaseVersion(version)
        LexActivator.SetReleaseChannel(channel)
        LexActivator.CheckReleaseUpdate(callback, flags, None)
    except LexActivatorException as error:
        return ["refused", error.code]
    assert done.wait(100)
    status, release = seen
    return [status, release.version, len(release.platforms), [file.size for file in release.files], release.notes]


def accepted(call: object, *given: object) -> bool:
    try:
        call(*given)
    except LexActivatorException:
        return False
    return True


def write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


accepted(LexActivator.SetProductId, product, PermissionFlags.LA_IN_MEMORY)  # without its data, which a vendor encrypts
with tempfile.TemporaryDirectory() as folder:  # else the license key is in the home folder, which all apps share
    LexActivator.SetDataDirectory(folder)
    LexActivator.SetReleasePlatform("windows")
    write({"plain": accepted(LexActivator.SetCryptlexHost, host.replace("https:", "http:"))})
    LexActivator.SetCryptlexHost(host)
    for given in json.loads(checks):
        write(check(**given))
