using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Telemetry;
using OrleansIoT.DeviceEdge.Topics;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What all sessions share.</summary>
internal sealed class EdgeContext(
    IOptions<DeviceEdgeOptions> options,
    DeviceAuthenticator authenticator,
    Edge edge,
    Deliveries deliveries,
    TenantWatch tenants,
    DeviceEdgeMetrics metrics,
    AuditTrail audit,
    TimeProvider time,
    ILogger<DeviceSession> log) : IDisposable
{
    public DeviceEdgeOptions Options { get; } = options.Value;

    public DeviceAuthenticator Authenticator => authenticator;

    public Edge Edge => edge;

    public Deliveries Deliveries => deliveries;

    public TenantWatch Tenants => tenants;

    public DeviceEdgeMetrics Metrics => metrics;

    public AuditTrail Audit => audit;

    public TimeProvider Time => time;

    public ILogger Log => log;

    public LogBudget LogBudget { get; } = new(time, log);

    public IncomingMessages Messages { get; } = new(options.Value);

    public OutboxLimits OutboxLimits { get; } = new(
        options.Value.MaxInFlight, TopicAliases: 0, options.Value.MaxWaitingMessages, options.Value.MaxWaitingBytes);

    public DeviceRates Rates { get; } = new(options.Value, time);

    public ByteBudget Unstored { get; } = new(options.Value.MaxUnstoredBytes);

    public SemaphoreSlim Handshakes { get; } = new(options.Value.MaxHandshakes);

    public void Dispose()
    {
        LogBudget.Dispose();
        Rates.Dispose();
        Handshakes.Dispose();
    }
}
