# syntax=docker/dockerfile:1
#
# docker build --build-arg ROTATION_WATCHDOG_COMMIT="$(git rev-parse --short=12 HEAD)" --tag rotation-watchdog .

FROM rust:1-slim-bookworm AS builder
WORKDIR /build
COPY . .
# Shown by --version, the log and the metrics; git itself stays outside.
ARG ROTATION_WATCHDOG_COMMIT
# What cargo downloaded and built is kept from build to build by the caches, and so is not in the layer: hence the copy.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin rotation-watchdog \
    && cp target/release/rotation-watchdog /usr/local/bin/

FROM debian:bookworm-slim
# The roots that AWS's endpoints are checked against, the newest there are; those of RDS are in the program.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# A number of its own, so that a shared volume can be given to it.
RUN groupadd --system --gid 10001 watchdog \
    && useradd --system --uid 10001 --gid watchdog --no-create-home --home-dir /var/lib/rotation-watchdog \
        --shell /usr/sbin/nologin watchdog \
    && install --directory --owner watchdog --group watchdog --mode 0750 /var/lib/rotation-watchdog
COPY --from=builder /usr/local/bin/rotation-watchdog /usr/local/bin/
# Every key at its default, in mode `observe`. Mount another over it, or build FROM this image and copy yours.
COPY config/watchdog.toml /etc/rotation-watchdog/watchdog.toml
USER 10001:10001
WORKDIR /var/lib/rotation-watchdog
# The journal: what was seen and decided.
VOLUME /var/lib/rotation-watchdog
# For callers outside of the container: ROTATION_WATCHDOG_HTTP__LISTEN=0.0.0.0:9847. By default only the loopback is heard.
EXPOSE 9847
# Whether the loop turns. Not whether it is ready: a restart does not bring back an API that refuses.
HEALTHCHECK --interval=30s --timeout=12s --start-period=60s --retries=3 \
    CMD ["rotation-watchdog", "health", "--live"]
# Read by `run` and `check-config`; `--config` on the command line wins.
ENV ROTATION_WATCHDOG_CONFIG=/etc/rotation-watchdog/watchdog.toml
# Every subcommand: `docker run IMAGE check-config`; in a container that runs, `docker exec CONTAINER rotation-watchdog status`.
ENTRYPOINT ["rotation-watchdog"]
CMD ["run"]
