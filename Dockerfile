# The simulator in a container:
#
#   docker build -t webex-simulator .
#   docker run --rm -p 8080:8080 webex-simulator --admin-token SECRET --preset flaky
#
# /__admin is closed without --admin-token. /openapi.yaml is always there, so it
# serves as the health check.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /webex-bulk ./cmd/webex-bulk

FROM busybox:1.37-musl
COPY --from=build /webex-bulk /usr/local/bin/webex-bulk
USER 65534:65534
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=2s --start-period=2s CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/openapi.yaml"]
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/local/bin/webex-bulk", "serve", "--addr", "0.0.0.0:8080", "--allow-remote"]
