using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.History;
using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Layers;

/// <summary>
/// Everything above the store: appends wait in line for the thread that commits, as ever, and it commits nothing. What it
/// has acknowledged, it has forgotten.
/// </summary>
internal sealed class ForgetfulHistory(HistoryOptions limits, HistoryMetrics metrics) : ITelemetryHistory, IDisposable
{
    private readonly GroupCommit<Append> _commits = new(limits, metrics, writes => writes.ForEach(write => write.Succeed()));

    public static void Replace(WebApplicationBuilder builder) =>
        builder.Services.Replace(ServiceDescriptor.Singleton<ITelemetryHistory>(services => new ForgetfulHistory(
            services.GetRequiredService<Microsoft.Extensions.Options.IOptions<HistoryOptions>>().Value,
            services.GetRequiredService<HistoryMetrics>())));

    Task<ImmutableArray<long>> ITelemetryHistory.Append(
        string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects) =>
        _commits.Enqueue(new Append(messages.Count));

    public Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation) => Task.FromResult(new TopicTail(0, null));

    public Task<DeviceTail> ReadDeviceTail(string device, CancellationToken cancellation) => Task.FromResult(new DeviceTail(0, null));

    public Task<IReadOnlyList<TelemetryMessage>> ReadLastOf(
        string device, IReadOnlyCollection<ushort> packetIds, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<TelemetryMessage>>([]);

    public Task<IReadOnlyList<DeviceActivity>> ReadDevices(string tenant, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<DeviceActivity>>([]);

    public Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation) =>
        Task.FromResult(new TelemetryPage([], null));

    public Task<ImmutableArray<TelemetryMessage>> ReadAfter(string topic, long seq, int limit, CancellationToken cancellation) =>
        Task.FromResult<ImmutableArray<TelemetryMessage>>([]);

    public Task<IReadOnlyList<TelemetryMessage>> ReadAt(
        string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<TelemetryMessage>>([]);

    public Task<DroppedReadings?> ReadNumbers(string topic, NumberQuery query, INumberSink sink, CancellationToken cancellation) =>
        Task.FromResult<DroppedReadings?>(null);

    public Task<TopicPage> ListTopics(string tenant, string prefix, int limit, string? after, CancellationToken cancellation) =>
        Task.FromResult(new TopicPage([], null));

    public void Dispose() => _commits.Dispose();

    private sealed class Append(int readings) : Write
    {
        public override long Size => readings;

        public override int Readings => readings;
    }
}
