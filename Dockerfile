# One image for every process of a cluster; its role is an argument. What it listens on and where its data is are variables,
# so docker-compose.yml and deploy/kubernetes say the rest. docs/deployment.md.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0.401-noble
ARG RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0.12-noble
ARG NODE=docker.io/library/node:22.21.1-bookworm-slim

# The web app is the same for every processor, so it is built once.
FROM --platform=$BUILDPLATFORM ${NODE} AS dashboard
WORKDIR /build
COPY src/Dashboard/package.json src/Dashboard/package-lock.json src/Dashboard/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY src/Dashboard ./
RUN npm run build

FROM ${SDK} AS build
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /build
COPY . .
RUN dotnet publish src/Silo/Silo.csproj -c Release -p:GrainEngine=Orleans -p:BuildDashboard=false --use-current-runtime --self-contained false -p:PublishReadyToRun=true -o /out

FROM ${RUNTIME}
LABEL org.opencontainers.image.title="OrleansIoT" \
      org.opencontainers.image.description="An IoT backend. Acknowledged means stored."
COPY --from=build /out /opt/iot
COPY --from=dashboard /build/dist /opt/iot/wwwroot
COPY deploy/make-secrets deploy/publish-crl deploy/place-secrets /opt/iot/deploy/
ENV IOT_BIND=0.0.0.0 \
    IOT_DATA=/data \
    ORLEANSIOT_EXECUTABLE="dotnet /opt/iot/OrleansIoT.Silo.dll" \
    DOTNET_EnableDiagnostics=0
# Nothing writes anywhere else, so the root file system may be read-only. The runtime's own user, who is not root:
RUN install -d -o app -g app -m 700 /data
USER app
WORKDIR /opt/iot
# HTTP, MQTT, MQTT over TLS, HTTPS; silo to silo and client to silo, which are for the network behind
EXPOSE 8080 1883 8883 8443 11111 30000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["dotnet", "/opt/iot/OrleansIoT.Silo.dll", "--check-health"]
ENTRYPOINT ["dotnet", "/opt/iot/OrleansIoT.Silo.dll"]
