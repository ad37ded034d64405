# The release workflow passes the base by digest.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# Debian's security updates, which the base may lack. git is for notes from commits, busybox for the shells in which CI systems
# start a job. strip takes debugging symbols out of libraries.
RUN apt-get update -qq && apt-get upgrade -y -qq \
 && apt-get install -y -qq --no-install-recommends binutils git busybox-static

# A virtual environment without pip, at the path it keeps in the final stage.
COPY requirements/sandbox.txt requirements/
RUN python -m venv --without-pip /opt/shipline \
 && python -m pip --python /opt/shipline/bin/python install --no-compile --only-binary :all: --require-hashes --requirement requirements/sandbox.txt \
 && find /opt/shipline/lib -name '*.so' -exec strip --strip-unneeded {} +

COPY requirements/build.txt requirements/
RUN python -m pip install --require-hashes --requirement requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY docs/errors.md docs/
COPY entrypoint entrypoint
# `shipline rehearse` runs against it.
COPY sandbox sandbox
# The program's first line: no module comes from the workspace or PYTHONPATH (`-I`) in a process that has the keys, and a
# signal waits until the program can note it, which the first process of a container would lose.
# Bytecode that is never compared with its source: valid whatever copying does to modification times.
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && python -m pip --python /opt/shipline/bin/python install --no-compile --no-deps --no-index /tmp/wheel/*.whl \
 && sed -i '1s|.*|#!/usr/bin/env -S --block-signal=INT,TERM /opt/shipline/bin/python -Iu|' /opt/shipline/bin/shipline \
 && find /opt/shipline/bin -type f ! -name shipline -delete \
 && find /opt/shipline/lib -depth -type d \( -name tests -o -name benchmarks -o -name emscripten \) -exec rm -rf {} +

# Everything that the image has; only root can write there, except to /tmp. Every module is imported once, as what they need of
# the standard library must be there.
COPY tools/image_root.py tools/
ARG SOURCE_DATE_EPOCH=0
RUN python tools/image_root.py /image \
 && python -m compileall -q -j 1 -s /image --invalidation-mode unchecked-hash /image/opt /image/usr \
 && printf '%s\n' /usr/local/lib "/usr/lib/$(uname -m)-linux-gnu" >/image/etc/ld.so.conf && ldconfig -X -r /image \
 && chmod -R u=rwX,go=rX /image && chmod 1777 /image/tmp \
 && chroot /image /opt/shipline/bin/python -IBc "import encodings.idna, flask.testing, pkgutil, jinja2, jsonschema, markdown_it, nh3, requests, shipline, shipline_sandbox, yaml; \
      [pkgutil.resolve_name(module.name) for package in (shipline, shipline_sandbox) \
       for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.') if not module.name.endswith('.__main__')]" \
 && find /image -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +


FROM scratch
COPY --from=build /image /
# HOME for a user the image doesn't know.
ENV PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp
ENTRYPOINT ["/opt/shipline/bin/shipline"]
CMD ["run"]

ARG SOURCE="https://github.com/shipline/shipline"
ARG REVISION=""
ARG VERSION=""
ARG CREATED=""
LABEL org.opencontainers.image.title="Shipline" \
      org.opencontainers.image.description="The last step of a pipeline: deploy with BuildMaster, announce to Centercode and v3 releases" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}#readme" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="${VERSION}"
