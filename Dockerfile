# The same base as connectorBuildOptions.baseImage in metadata.yaml; a test compares them.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6

FROM ${BASE_IMAGE} AS build
USER root
RUN python3 -m venv /opt/connector
WORKDIR /src
COPY setup.py pyproject.toml LICENSE ./
COPY source_pipedrive ./source_pipedrive
RUN /opt/connector/bin/pip install --no-cache-dir '.[webhooks]'

FROM ${BASE_IMAGE}
COPY --from=build /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:$PATH
# The platform runs this instead of the entrypoint.
ENV AIRBYTE_ENTRYPOINT=source-pipedrive
# Mounted files, such as the config, must be readable by this user.
USER 1000:1000
ENTRYPOINT ["source-pipedrive"]
