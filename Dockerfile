# Blogen in one container: the program in /app, read-only; everything it keeps in /data.

FROM node:20 AS app
ENV CI=1 EXPO_OFFLINE=1 EXPO_NO_TELEMETRY=1 DO_NOT_TRACK=1
WORKDIR /mobile
COPY mobile/package.json mobile/package-lock.json mobile/.npmrc ./
RUN npm ci --loglevel=error
COPY mobile ./
# Without its fonts and pictures, which it exports below a folder named node_modules, the app is not what was built.
RUN npm run --silent build:web && test -s dist/index.html && test -n "$(find dist/assets -type f | head -n 1)"

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock requirements-anthropic.lock /build/
# Nothing, or the name of an extra that has a lock file of its own: anthropic, for text of `kind = "anthropic"`.
ARG EXTRAS=""
# There is no compiler here: all of it has wheels, but for http-ece, which is plain Python.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --no-compile --only-binary=:all: --no-binary=http-ece \
        --require-hashes -r "/build/requirements${EXTRAS:+-$EXTRAS}.lock"
COPY run.py config.example.toml LICENSE /app/
COPY docs/NOTES.md /app/docs/
COPY blogen /app/blogen
COPY templates /app/templates
COPY static /app/static
COPY --from=app /mobile/dist /app/mobile/dist
# Compiled once here: the running container may not write beside the sources, and starts faster.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib /app \
    && install -d -m 0750 -o 10001 -g 10001 /data

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Blogen" \
      org.opencontainers.image.description="A self-hosted AI blog that writes itself and that people enjoy reading" \
      org.opencontainers.image.licenses="MIT"
# Preview cards write titles from right to left with it.
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends libfribidi0 && rm -rf /var/lib/apt/lists/*
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build /data /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BLOGEN_SERVER__HOST=0.0.0.0 \
    BLOGEN_SERVER__PORT=8080 \
    BLOGEN_DATA__DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --start-interval=1s \
    CMD ["python", "-IS", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["python", "/app/run.py"]
CMD ["serve"]
