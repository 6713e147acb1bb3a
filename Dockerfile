# Two stages: the first has the tool chain, the second the program and the machine's certificates.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package doorward \
    && cp target/release/doorward /doorward

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/doorward --create-home doorward
COPY --from=build /doorward /usr/local/bin/doorward
COPY config /etc/doorward
# With the built-in settings, data/ holds the SQLite database and the root secret: keep this volume.
USER doorward
WORKDIR /var/lib/doorward
RUN mkdir --mode=0700 data
VOLUME /var/lib/doorward/data
# A container is reached from outside of itself.
ENV DOORWARD__SERVER__BIND=0.0.0.0:8000
EXPOSE 8000
# Settings, root secret, database and migrations; a load balancer asks /readyz.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["doorward", "check"]
# SIGTERM lets requests in flight end, for 30 seconds at most.
STOPSIGNAL SIGTERM
ENTRYPOINT ["doorward"]
