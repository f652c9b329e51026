# Two images: `source`, the connector, by default; `webhooks`, the connector and the receiver.
#   docker build -t source-pipedrive .
#   docker build -t source-pipedrive-webhooks --target webhooks .

# The same base as connectorBuildOptions.baseImage in metadata.yaml; a test compares them.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6
# `make version` writes it.
ARG VERSION=0.1.0

FROM ${BASE_IMAGE} AS build
USER root
# Only what `make lock` wrote down is installed, and no code of a package is run.
ENV INSTALL="/opt/pip/bin/pip --python /opt/connector/bin/python install --quiet --no-cache-dir --no-compile --no-deps" \
    LOCKED="--only-binary=:all: --require-hashes"
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/connector
WORKDIR /src
COPY requirements.lock ./
RUN ${INSTALL} ${LOCKED} --requirement requirements.lock
COPY setup.py pyproject.toml metadata.yaml README.md LICENSE ./
COPY source_pipedrive ./source_pipedrive
RUN ${INSTALL} --no-build-isolation --no-index .
COPY release/slim.py ./
RUN python3 slim.py /opt/connector

FROM build AS build-webhooks
COPY requirements-webhooks.lock ./
RUN ${INSTALL} ${LOCKED} --requirement requirements-webhooks.lock && python3 slim.py /opt/connector

FROM ${BASE_IMAGE} AS runtime
ARG BASE_IMAGE
ARG VERSION
# OWNER is a placeholder, see setup.py. The release workflow adds the commit and the time.
LABEL io.airbyte.name="source-pipedrive" \
      io.airbyte.version="${VERSION}" \
      org.opencontainers.image.title="source-pipedrive" \
      org.opencontainers.image.description="Airbyte source for Pipedrive: copies a CRM account into a warehouse." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.url="https://github.com/OWNER/source-pipedrive" \
      org.opencontainers.image.source="https://github.com/OWNER/source-pipedrive" \
      org.opencontainers.image.documentation="https://github.com/OWNER/source-pipedrive/blob/main/docs/pipedrive.md" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
ENV PATH=/opt/connector/bin:$PATH
# The platform runs this instead of the entrypoint.
ENV AIRBYTE_ENTRYPOINT=source-pipedrive
# Mounted files, such as the config, must be readable by this user.
USER 1000:1000
ENTRYPOINT ["source-pipedrive"]

FROM runtime AS webhooks
COPY --from=build-webhooks /opt/connector /opt/connector

FROM runtime AS source
COPY --from=build /opt/connector /opt/connector
