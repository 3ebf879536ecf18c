# Build from a checkout:  docker build --tag medusa-sync .
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/medusa-sync
WORKDIR /src
COPY requirements-runtime.lock ./
RUN pip --python /opt/medusa-sync/bin/python install --no-deps --require-hashes --requirement requirements-runtime.lock
# Copy only what the package needs: a checkout may contain a .env with secrets.
COPY pyproject.toml README.md LICENSE ./
COPY medusa_sync medusa_sync
RUN pip --python /opt/medusa-sync/bin/python install --no-deps .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="medusa-sync" \
    org.opencontainers.image.description="Sync products from an external catalogue to a Medusa v2 store" \
    org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/medusa-sync medusa-sync
COPY --from=build /opt/medusa-sync /opt/medusa-sync
# Only /tmp has to be writable. HEALTH_MINUTES must be longer than the longest run and the pauses of the schedule.
ENV PATH=/opt/medusa-sync/bin:$PATH \
    SYNC_PRODUCTS_LOCK_DIR=/tmp \
    SYNC_PRODUCTS_METRICS_FILE=/tmp/medusa-sync.prom \
    HEALTH_MINUTES=30
# A number, so that Kubernetes can verify that it is not root.
USER 10001
WORKDIR /var/lib/medusa-sync
# A loop is healthy if a run has ended recently; whether it failed is in the metrics.
HEALTHCHECK --interval=1m --timeout=10s --start-period=30m \
    CMD ["sh", "-c", "test -n \"$(find \"$SYNC_PRODUCTS_METRICS_FILE\" -mmin -\"$HEALTH_MINUTES\")\""]
ENTRYPOINT ["medusa-sync"]
CMD ["products", "--loop"]
