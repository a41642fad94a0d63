using Microsoft.Extensions.Logging;
using OrleansIoT.DeviceEdge.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What all sessions share.</summary>
internal sealed record EdgeContext(
    DeviceEdgeOptions Options,
    DeviceAuthenticator Authenticator,
    DeviceEdgeMetrics Metrics,
    TimeProvider Time,
    ILogger<DeviceSession> Log);
