# The release workflow passes the base by digest.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# For notes from commits; its other commands need more than this one file.
RUN command -v git >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends git; }

# A virtual environment without pip, at the path it keeps in the final stage.
COPY requirements/run.txt requirements/
RUN python -m venv --without-pip /opt/shipline \
 && python -m pip --python /opt/shipline/bin/python install --no-compile --only-binary :all: --require-hashes --requirement requirements/run.txt

COPY requirements/build.txt requirements/
RUN python -m pip install --require-hashes --requirement requirements/build.txt

# The sandbox is not among what is copied, so the wheel is built without it.
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY examples examples
COPY entrypoint entrypoint
# Bytecode that is never compared with its source: valid whatever copying does to modification times.
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && python -m pip --python /opt/shipline/bin/python install --no-compile --no-deps --no-index /tmp/wheel/*.whl \
 && find /opt/shipline/bin -type f ! -name shipline -delete \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/shipline/lib


FROM ${BASE}
# Nothing here installs packages any more.
RUN find /usr -depth \( -name pip -o -name 'pip[0-9-]*' -o -name ensurepip -o -name setuptools -o -name 'setuptools-*' \
      -o -name pkg_resources -o -name _distutils_hack -o -name distutils-precedence.pth \) -exec rm -rf {} +
COPY --from=build /opt/shipline /opt/shipline
COPY --from=build /usr/bin/git /usr/bin/git
# The base carries the standard library without bytecode: importing everything once leaves it behind.
RUN ln -s /opt/shipline/bin/shipline /usr/local/bin/shipline \
 && /opt/shipline/bin/python -c "import encodings.idna, pkgutil, jsonschema, markdown_it, nh3, requests, shipline, yaml; \
      [pkgutil.resolve_name(module.name) for module in pkgutil.walk_packages(shipline.__path__, 'shipline.') if module.name != 'shipline.__main__']"

# HOME for a user the image doesn't know; output reaches the log as it is written.
ENV HOME=/tmp PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/shipline/bin/shipline"]
CMD ["run"]

ARG SOURCE=""
ARG REVISION=""
ARG VERSION=""
LABEL org.opencontainers.image.title="Shipline" \
      org.opencontainers.image.description="The last step of a pipeline: deploy with BuildMaster, announce to Centercode and v3 releases" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}"
