# syntax=docker/dockerfile:1

# --- What is needed to build, and stays behind ---------------------------------
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

# Without pip: nothing can be installed into the image that runs.
RUN python -m venv --without-pip /opt/erasure

WORKDIR /src
COPY requirements/build.txt requirements/run.txt requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && pip --python /opt/erasure/bin/python install --require-hashes -r requirements/run.txt

COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY connectors connectors
COPY orchestrator orchestrator
COPY examples examples
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/erasure/bin/python install --no-deps /wheels/*.whl

# --- What runs -----------------------------------------------------------------
FROM python:3.13-slim

LABEL org.opencontainers.image.title="erasure-orchestrator" \
      org.opencontainers.image.licenses="Apache-2.0"

ENV PATH=/opt/erasure/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ERASURE_KEYS_DIR=/var/lib/erasure/keys \
    ERASURE_LOG_FORMAT=json \
    ERASURE_REGISTER=/etc/erasure/register.toml

# A number, so that an orchestrator of containers can see it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin erasure \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/erasure /var/lib/erasure/keys

COPY --from=build /opt/erasure /opt/erasure

WORKDIR /var/lib/erasure
USER 10001:10001
STOPSIGNAL SIGTERM

# Each service says in docker-compose.yml how it is to be asked.
HEALTHCHECK NONE

ENTRYPOINT ["erasure"]
CMD ["--help"]
