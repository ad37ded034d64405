"""Assemble the root folder of the image, from what its build stage has installed: `image_root.py ROOT`.

A file is in the image because the program needs it to run, or because a CI system starts it in a job's container.
Scanners find the Debian packages that have a file here in var/lib/dpkg/status.d.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
import sysconfig
from pathlib import Path

PROGRAM = Path("/opt/shipline")
# git reads the commits. The program's first line starts GNU's env; Debian's busybox has no nohup, which Jenkins starts.
PROGRAMS = ("git", "env", "nohup")
# glibc loads it when a thread ends while the process does.
LIBRARIES = ("libgcc_s.so.1",)
BUSYBOX = "busybox"
# GitLab starts jobs by sh and grep, Jenkins by sh, cat, nohup, ps and sleep; the rest is for lines around Shipline's.
APPLETS = """
[ ash awk basename cat chmod cp cut date dirname echo expr false find grep head hostname id kill ln ls mkdir mktemp mv
printf ps pwd rm rmdir sed sh sleep sort stat tail tar tee test touch tr true uname wc which xargs
"""
# Of the standard library: installers, developers' tools, other systems' modules, and user interfaces.
UNUSED = """
__phello__ _aix_support _ctypes_test _pyrepl antigravity cProfile cgi cgitb config-* curses dbm distutils doctest
ensurepip idlelib lib2to3 mailbox mailcap msilib modulefinder nis nntplib ossaudiodev pipes poplib profile pstats
pydoc pydoc_data site-packages dist-packages sitecustomize smtpd sndhdr sunau telnetlib test this tkinter trace turtle
turtledemo unittest venv webbrowser xdrlib xmlrpc zipapp
_curses _curses_panel _dbm _gdbm _tkinter _crypt audioop readline xxlimited xxlimited_35 _lsprof
"""
USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\n"
NAMES = "passwd: files\ngroup: files\nhosts: files dns\n"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
WRITES_CERTIFICATES = Path("/usr/sbin/update-ca-certificates")


class Root:
    """The folder that becomes the image's root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: set[Path] = set()
        for name in ("usr/bin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "tmp", "root"):
            (folder / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (folder / name).symlink_to(f"usr/{name}")

    def add(self, path: Path) -> None:
        """Copy a file to where it is here; a link with all that it leads to."""
        target = self.folder / path.parent.resolve().relative_to("/") / path.name
        if target.exists() or target.is_symlink():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
        self.sources.add(path.parent.resolve() / path.name)
        if path.is_symlink():
            self.add(path.parent / path.readlink())

    def write(self, name: str, text: str) -> None:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def add_libraries(self) -> None:
        """Copy the shared libraries that the programs and modules here are linked to."""
        binaries = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        for path in binaries:
            with path.open("rb") as file:
                if file.read(4) != b"\x7fELF":
                    continue
            linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
            if "not found" in linked:
                raise SystemExit(f"{path} is linked to a library that isn't here:\n{linked}")
            for word in linked.split():
                if word.startswith("/") and not Path(word).is_relative_to(self.folder):
                    self.add(Path(word))


def main(folder: Path) -> None:
    root = Root(folder)
    shutil.copytree(PROGRAM, folder / PROGRAM.relative_to("/"), symlinks=True)
    (folder / "usr/local/bin/shipline").symlink_to(PROGRAM / "bin/shipline")
    root.add(PROGRAM / "bin/python")
    for name in ("python", "python3"):
        root.add(Path(_which(name)))
    library = Path(sysconfig.get_path("stdlib"))
    unused = UNUSED.split()
    ignored = shutil.ignore_patterns("__pycache__", "*.a", "_test*", "_xxtest*", *unused, *(f"{n}.*" for n in unused))
    shutil.copytree(library, folder / library.relative_to("/"), symlinks=True, ignore=ignored, dirs_exist_ok=True)
    root.sources.update([library / "os.py", library / "lib-dynload"])
    for name in (*PROGRAMS, BUSYBOX):
        root.add(Path(_which(name)))
    offered = subprocess.run([_which(BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout.split()
    if missing := [name for name in APPLETS.split() if name not in offered]:
        raise SystemExit(f"busybox has no {', '.join(missing)}")
    for name in APPLETS.split():
        (folder / "usr/bin" / name).symlink_to(BUSYBOX)
    for name in LIBRARIES:
        root.add(_library(name))
    root.add_libraries()
    root.add(CERTIFICATES)
    root.sources.add(WRITES_CERTIFICATES)
    default = folder / Path(ssl.get_default_verify_paths().openssl_cafile).relative_to("/")
    default.parent.mkdir(parents=True, exist_ok=True)
    default.symlink_to(CERTIFICATES)
    for settings in (Path("/usr/lib/ssl/openssl.cnf"), Path("/etc/os-release")):
        root.add(settings)
    for name, text in {"etc/passwd": USERS, "etc/group": GROUPS, "etc/nsswitch.conf": NAMES}.items():
        root.write(name, text)
    write_packages(root)


def write_packages(root: Root) -> None:
    """Write the control data of each Debian package that has a file here, and its license."""
    names = sorted({name for path in root.sources for name in _packages(path)})
    for name in names:
        control = subprocess.run(["dpkg-query", "--status", name], capture_output=True, text=True, check=True).stdout
        short = name.partition(":")[0]
        root.write(f"var/lib/dpkg/status.d/{short}", control)
        license_file = Path(f"/usr/share/doc/{short}/copyright")
        if license_file.is_file():
            root.write(f"usr/share/doc/{short}/copyright", license_file.read_text(encoding="utf-8", errors="replace"))


def _packages(path: Path) -> list[str]:
    """The Debian package that has a file; none if it comes from elsewhere."""
    # Debian lists some of these files in /lib, others in /usr/lib.
    merged = Path("/", *path.parts[2:]) if path.parts[1] == "usr" else path
    for spelled in dict.fromkeys((path, path.resolve(), merged)):
        found = subprocess.run(["dpkg-query", "--search", spelled], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.partition(": ")[0].split(", ")
    return []


def _which(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed")
    return found


def _library(name: str) -> Path:
    cache = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    return Path(next(line.split()[-1] for line in cache.splitlines() if line.split()[0] == name))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
