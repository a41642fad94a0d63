using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>Grains on a real store that a test can break.</summary>
public abstract class StoreTest : GrainTest
{
    protected BreakableHistory History { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("meter");
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        var real = builder.Services.Last(service => service.ServiceType == typeof(ITelemetryHistory));
        builder.Services.Remove(real);
        builder.Services.AddSingleton<ITelemetryHistory>(services =>
            History = new BreakableHistory((ITelemetryHistory)(real.ImplementationFactory is { } factory
                ? factory(services)
                : ActivatorUtilities.CreateInstance(services, real.ImplementationType!))));
    }

    /// <summary>The real store, with a switch that makes its appends fail as a full disk does, or hang as a dying one does.</summary>
    protected sealed class BreakableHistory(ITelemetryHistory store) : ITelemetryHistory
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Complete with the first append.</summary>
        public Task Begun => _begun.Task;

        /// <summary>What appends wait for.</summary>
        public Task Stuck { get; set; } = Task.CompletedTask;

        /// <summary>What happens first at the next append.</summary>
        public Func<Task>? Before { get; set; }

        public bool IsBroken { get; set; }

        public string? BrokenTopic { get; set; }

        /// <summary>It says that it has stored, and has not.</summary>
        public bool IsLying { get; set; }

        public async Task<ImmutableArray<long>> Append(
            string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects = null)
        {
            _begun.TrySetResult();
            await Stuck;
            if (Before is { } before)
            {
                Before = null;
                await before();
            }

            if (IsBroken || topic == BrokenTopic)
            {
                throw new FailureException(Failure.Unavailable, "The disk is full.");
            }

            return IsLying ? [] : await store.Append(topic, firstSeq, messages, effects);
        }

        public Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation) =>
            store.ReadTopicTail(topic, cancellation);

        public Task<DeviceTail> ReadDeviceTail(string device, CancellationToken cancellation) => store.ReadDeviceTail(device, cancellation);

        public Task<IReadOnlyList<TelemetryMessage>> ReadLastOf(
            string device, IReadOnlyCollection<ushort> packetIds, CancellationToken cancellation) =>
            store.ReadLastOf(device, packetIds, cancellation);

        public Task<IReadOnlyList<DeviceActivity>> ReadDevices(string tenant, CancellationToken cancellation) =>
            store.ReadDevices(tenant, cancellation);

        public Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation) =>
            store.Read(topic, query, cancellation);

        public Task<ImmutableArray<TelemetryMessage>> ReadAfter(
            string topic, long seq, int limit, CancellationToken cancellation) =>
            store.ReadAfter(topic, seq, limit, cancellation);

        public Task<IReadOnlyList<TelemetryMessage>> ReadAt(
            string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation) =>
            store.ReadAt(topic, times, cancellation);

        public Task<DroppedReadings?> ReadNumbers(
            string topic, NumberQuery query, INumberSink sink, CancellationToken cancellation) =>
            store.ReadNumbers(topic, query, sink, cancellation);

        public Task<TopicPage> ListTopics(
            string tenant, string prefix, int limit, string? after, CancellationToken cancellation) =>
            store.ListTopics(tenant, prefix, limit, after, cancellation);
    }
}
