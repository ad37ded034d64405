#!/bin/sh
# Runs the program: in the container $IMAGE where Docker works, else natively by launch.py. "Dockerfile" is the image that
# this checkout builds; without an image it runs natively.
set -eu
here=$(dirname "$0")

# The container has the step's environment, network and files, under the same paths. A signal of a canceled job reaches the
# program, and its exit code is the step's. Returns if the container can't be started.
contained() {
  case $(docker info --format '{{.OSType}} {{.SecurityOptions}}' 2>/dev/null) in
    linux*name=rootless*) set -- ;; # root in there is this user
    linux*name=userns*) return ;;   # nobody in there may write to the workspace
    linux*) set -- --user "$(id -u):$(id -g)" ;; # later steps may read and delete what it writes
    *) return ;;
  esac
  mounted=:
  # By name: values, secrets among them, stay out of the command line.
  names=$(awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) print name }')
  for name in $names; do
    case $name in
      PATH | HOME | TMPDIR | IMAGE | PYTHON* | LD_* | XDG_*) continue ;; # this machine's own
    esac
    set -- "$@" --env "$name"
    value=$(printenv "$name")
    case $name in
      # Docker refuses what it can't see. GITHUB_OUTPUT is new for each step, so these are this step's files.
      GITHUB_WORKSPACE | GITHUB_OUTPUT | GITHUB_STEP_SUMMARY | GITHUB_EVENT_PATH | RUNNER_TEMP) ;;
      # A bundle of certificates, or a file with a key.
      REQUESTS_CA_BUNDLE | CURL_CA_BUNDLE | SHIPLINE_*) [ "${value#/}" != "$value" ] && [ -e "$value" ] || continue ;;
      *) continue ;;
    esac
    case $mounted in *":$value:"*) continue ;; esac
    mounted=$mounted$value:
    set -- "$@" --mount "type=bind,source=$value,target=$value"
  done
  image=$IMAGE
  if [ "$image" = Dockerfile ]; then
    image=$(docker build --quiet "$here/..") || return 0
  else
    docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" || return 0
  fi
  work=$(mktemp -d)
  child=
  canceled=
  trap 'cancel INT' INT
  trap 'cancel TERM' TERM
  docker run --cidfile "$work/id" --network host --workdir "$PWD" "$@" "$image" &
  child=$!
  [ -z "$canceled" ] || cancel "$canceled"
  code=0
  wait "$child" || code=$?
  # A signal ends the wait, not the program.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  container=$(cat "$work/id" 2>/dev/null || true)
  rm -rf "$work"
  state=$(docker inspect --format '{{.State.Status}}' "$container" 2>/dev/null || true)
  docker rm "$container" >/dev/null 2>&1 || true
  [ -z "$canceled" ] && [ "$code" = 125 ] && [ "${state:-created}" = created ] || exit "$code"
  trap - INT TERM
}

cancel() {
  canceled=$1
  [ -z "$child" ] || kill "-$1" "$child" 2>/dev/null || true
}

if [ "${RUNNER_OS:-}" = Linux ] && [ -n "${IMAGE:-}" ]; then
  contained
  echo "Docker can't run Shipline's container here: Shipline runs without it."
fi

for python in python3 python python3.14 python3.13 python3.12 python3.11 "${RUNNER_TOOL_CACHE:-}"/Python/3.1[1-9].*/*/bin/python ''; do
  ! "$python" -IS -c 'import sys; from importlib.util import find_spec
sys.exit(sys.version_info < (3, 11) or not find_spec("ensurepip"))' >/dev/null 2>&1 || break
done
if [ -z "$python" ]; then
  echo "::error title=shipline::Shipline needs Docker, or Python 3.11 or newer with venv: add actions/setup-python before this step"
  exit 2
fi
exec "$python" -IuS "$here/launch.py"
