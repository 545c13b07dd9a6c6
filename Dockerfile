# Homeroom's image: two static programs, the certificates to trust, the time zones, and nothing else.
#   docker build --build-arg VERSION=v1.2.3 --build-arg REVISION=$(git rev-parse HEAD) -t homeroom .
# Pinned by tag. To pin by digest, append what `docker buildx imagetools inspect golang:1.26.8-alpine` shows.
FROM golang:1.26.8-alpine AS build
WORKDIR /src
# The second module, dev, embeds whole servers; it is not part of the image.
ENV GOWORK=off CGO_ENABLED=0 GOFLAGS=-trimpath
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# There is no history here to read the version from.
ARG VERSION=(devel)
ARG REVISION=
RUN go build -buildvcs=false -ldflags="-s -w -X homeroom/internal/cli.linkedVersion=${VERSION} -X homeroom/internal/cli.linkedRevision=${REVISION}" -o /out/ ./cmd/homeroom ./deploy/probe
RUN mkdir /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
COPY --from=build /out/homeroom /out/probe /usr/local/bin/
# What the console may keep beside NATS; a volume that is mounted here belongs to the user below.
COPY --from=build --chown=65532:65532 /empty /var/lib/homeroom
ENV PATH=/usr/local/bin ZONEINFO=/usr/share/zoneinfo.zip HOMEROOM_OPS_LISTEN=:9090
USER 65532:65532
# The learners' pages and the webhook; the console; metrics and health, which are not for the public.
EXPOSE 8080 8024 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["probe", "http://127.0.0.1:9090/healthz"]
ENTRYPOINT ["homeroom"]
CMD ["serve"]
