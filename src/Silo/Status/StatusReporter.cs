using System.Reflection;
using OrleansIoT.Identity;
using OrleansIoT.Status;

namespace OrleansIoT.Silo.Status;

/// <summary>Says every ten seconds how this process is, with all of the last hour, so that whoever hears it may forget.</summary>
public sealed partial class StatusReporter(
    IGrainFactory grains, SiloOptions options, MqttListeners listeners, ProcessMeters meters, TimeProvider clock, ILogger<StatusReporter> logger)
    : BackgroundService
{
    private const int AnHour = 360;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Queue<ProcessSample> _samples = new(AnHour + 1);
    private readonly string _id = $"{Environment.MachineName}/{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..4]}";
    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();
    private long _sampledAt = clock.GetTimestamp();
    private long _stored;
    private TimeSpan _cpu = Environment.CpuUsage.TotalTime;
    private double _cpuPercent;
    private bool _isFailing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            await listeners.AreOpen(stoppingToken);
            do
            {
                Sample();
                await Report();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private void Sample()
    {
        meters.Observe();
        var now = clock.GetTimestamp();
        var seconds = Math.Max(clock.GetElapsedTime(_sampledAt, now).TotalSeconds, 0.001);
        var stored = meters["iot.history.readings"];
        var cpu = Environment.CpuUsage.TotalTime;
        var latencies = meters.TakeLatencies(0.5, 0.95, 0.99);
        _samples.Enqueue(new ProcessSample(
            clock.GetUtcNow(),
            Math.Round((stored - _stored) / seconds, 1),
            latencies[0],
            latencies[1],
            latencies[2],
            meters["iot.history.writes.waiting"],
            meters["iot.edge.connections"]));
        if (_samples.Count > AnHour)
        {
            _samples.Dequeue();
        }

        _cpuPercent = Math.Round((cpu - _cpu).TotalSeconds / seconds * 100, 1);
        (_sampledAt, _stored, _cpu) = (now, stored, cpu);
    }

    private async Task Report()
    {
        try
        {
            Caller.System(GrainKey.SystemTenant, "status").Enter();
            await grains.Status().Report(new ProcessReport(
                _id,
                [.. Names()],
                Version(),
                ClusterSetup.Engine.StartsWith("Orleans", StringComparison.Ordinal) ? "orleans" : "embedded",
                !options.ProcessRoles.HasFlag(ProcessRoles.Silo) ? null : options.Postgres is null ? "sqlite" : "postgres",
                _startedAt,
                clock.GetUtcNow(),
                meters["iot.edge.messages.stored"],
                meters["iot.history.readings"],
                meters["iot.grains.acknowledged.checked"],
                meters["iot.grains.acknowledged.missing"],
                Environment.WorkingSet,
                _cpuPercent,
                [.. _samples],
                listeners.Port,
                listeners.TlsPort));
            _isFailing = false;
        }
        catch (Exception e)
        {
            if (!_isFailing)
            {
                _isFailing = true;
                LogFailed(logger, e);
            }
        }
    }

    private IEnumerable<string> Names() => new[] { ProcessRoles.Silo, ProcessRoles.Gateway, ProcessRoles.Edge }
        .Where(role => options.ProcessRoles.HasFlag(role)).Select(role => role.ToString().ToLowerInvariant());

    private static string Version() =>
        typeof(StatusReporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    [LoggerMessage(LogLevel.Warning, "How this process is could not be reported; tried again every ten seconds, said once")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

public static class StatusSetup
{
    public static IServiceCollection AddStatus(this IServiceCollection services) => services
        .AddMetrics()
        .AddSingleton<ProcessMeters>()
        .AddSingleton<MqttListeners>()
        .AddHostedService<StatusReporter>();
}
