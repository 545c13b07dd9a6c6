# The image of a release: the same as Dockerfile's, around binaries that were built already.
FROM golang:1.26.8-alpine AS files

FROM scratch
COPY --from=files /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=files /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
COPY homeroom probe /usr/local/bin/
ENV PATH=/usr/local/bin ZONEINFO=/usr/share/zoneinfo.zip HOMEROOM_OPS_LISTEN=:9090
USER 65532:65532
# The learners' pages and the webhook; the console; metrics and health, which are not for the public.
EXPOSE 8080 8024 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["probe", "http://127.0.0.1:9090/healthz"]
ENTRYPOINT ["homeroom"]
CMD ["serve"]
