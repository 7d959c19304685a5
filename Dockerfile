# One image for web, worker, scheduler and migrations; compose.yaml shows how they go together.
# Everything that is installed is locked by hash; the browser's files are built in the first stage, so that the
# last one holds no compiler, no Node and no sources.

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-build.lock \
    && python -m venv /opt/diwan \
    && /opt/diwan/bin/pip install --require-hashes -r requirements.lock

COPY LICENSE ./
COPY migrations migrations
COPY platform platform
COPY plugins plugins
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels ./platform ./plugins/* \
    && /opt/diwan/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/diwan/bin/python -m compileall -q /opt/diwan

FROM python:${PYTHON}-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin diwan \
    && install --directory --owner diwan --group diwan --mode 0700 /var/lib/diwan
COPY --from=build /opt/diwan /opt/diwan
COPY wsgi.py /opt/diwan/

ENV PATH=/opt/diwan/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DIWAN_HOME=/var/lib/diwan \
    DIWAN_HOST=0.0.0.0 \
    DIWAN_PORT=8000
WORKDIR /var/lib/diwan
VOLUME /var/lib/diwan
EXPOSE 8000
USER 10001

# Up is not the same as ready: /readyz also asks the database and the queue, and a restart does not mend those.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['DIWAN_PORT'] + '/healthz', timeout=2)"]
CMD ["diwan", "serve"]
