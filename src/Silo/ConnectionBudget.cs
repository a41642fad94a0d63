using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge;
using OrleansIoT.Gateway;

namespace OrleansIoT.Silo;

/// <summary>
/// How many connections all listeners together may have, so that the file handles of the process suffice. Without one the
/// runtime cannot start a thread or load an assembly, and ends the process ("Out of memory.").
/// </summary>
internal sealed partial class ConnectionBudget(
    SiloOptions options, IServiceProvider services, TimeProvider time, ILogger<ConnectionBudget> log)
{
    /// <summary>What is opened after the start: assemblies (two handles each), SQLite's readers, PostgreSQL's connections, a backup.</summary>
    private const int Reserve = 150;

    /// <summary>The defaults are ceilings that nobody asked for; so many somebody may expect.</summary>
    private const int Expected = 10_000;

    private static readonly TimeSpan LogPeriod = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private int? _most;
    private int _limit;
    private int _count;
    private int _refused;
    private long? _logged;

    /// <summary>Of so many handles that are free at the start: all but the reserve, and if they are few, a fifth.</summary>
    public static int Of(int free) => Math.Max(1, Math.Max(free - Reserve, free / 5));

    /// <summary>Called before something listens, when everything else is there; says so if it is less than the options allow.</summary>
    public void Measure()
    {
        lock (_gate)
        {
            if (_most is not null)
            {
                return;
            }

            if (FileHandles.Limit() is not { } limit)
            {
                _most = int.MaxValue;
                return;
            }

            // A simulated device has the other end of its connection here.
            var open = FileHandles.Open();
            (_limit, _most) = (limit, Of(limit - open - options.Demo));
            var (allowed, isDefault) = Configured();
            var wanted = isDefault ? Math.Min(allowed, Expected) : allowed;
            if (_most < wanted)
            {
                LogLowered(log, limit, open, _most.Value, allowed, open + options.Demo + wanted + Reserve);
            }
        }
    }

    /// <returns>Whether there may be one more; who got it gives it back.</returns>
    public bool TryTake()
    {
        lock (_gate)
        {
            if (_count < _most)
            {
                _count++;
                return true;
            }

            _refused++;
            if (_logged is not { } last || time.GetElapsedTime(last) >= LogPeriod)
            {
                LogRefused(log, _limit, _count, _refused);
                (_logged, _refused) = (time.GetTimestamp(), 0);
            }

            return false;
        }
    }

    public void GiveBack()
    {
        lock (_gate)
        {
            _count--;
        }
    }

    private (long Allowed, bool IsDefault) Configured()
    {
        var http = options.ProcessRoles.HasFlag(ProcessRoles.Gateway)
            ? services.GetRequiredService<IOptions<GatewayOptions>>().Value.MaxConnections
            : 0;
        var mqtt = options.ProcessRoles.HasFlag(ProcessRoles.Edge)
            ? services.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value.MaxConnections
            : 0;
        var isDefault = (http == 0 || http == new GatewayOptions().MaxConnections)
            && (mqtt == 0 || mqtt == new DeviceEdgeOptions().MaxConnections);
        return ((long)http + mqtt, isDefault);
    }

    [LoggerMessage(LogLevel.Warning,
        "This process may have {Limit} files open and has {Open}: it takes {Most} connections at a time, where DeviceEdge:MaxConnections and Gateway:MaxConnections allow {Allowed}. Raise the limit of open files to {Needed} or more (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker)")]
    private static partial void LogLowered(ILogger log, int limit, int open, int most, long allowed, long needed);

    [LoggerMessage(LogLevel.Warning,
        "Too many connections for the limit of {Limit} open files: {Count} are there, {Refused} more were closed at once. Raise it (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker)")]
    private static partial void LogRefused(ILogger log, int limit, int count, int refused);
}

internal static class ConnectionBudgetSetup
{
    public static void AddConnectionBudget(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ConnectionBudget>();
        services.RemoveAll<IConnectionListenerFactory>();
        services.AddSingleton<IConnectionListenerFactory>(s => new BudgetedSockets(
            ActivatorUtilities.CreateInstance<SocketTransportFactory>(s), s.GetRequiredService<ConnectionBudget>()));
    }
}
