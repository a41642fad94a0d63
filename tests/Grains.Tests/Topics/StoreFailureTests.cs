using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class StoreFailureTests : GrainTest
{
    private BreakableHistory _history = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("meter");
    }

    [Fact]
    public async Task What_the_store_could_not_take_is_not_acknowledged_and_the_next_try_leaves_no_gap()
    {
        await Publish("meter", Timed("meter", 1));
        _history.IsBroken = true;
        var refused = await Publish("meter", Timed("meter", 2), Timed("meter", 3));
        Assert.Equal([0, 1], refused.Failures.Select(failure => failure.Index));
        Assert.All(refused.Failures, failure => Assert.Equal(Failure.Unavailable, failure.Failure));
        Assert.Equal(1, (await Latest("devices/meter/t"))!.Seq);

        _history.IsBroken = false;
        Assert.Empty((await Publish("meter", Timed("meter", 2), Timed("meter", 3))).Failures);
        Assert.Equal([1, 2, 3], (await Stored("devices/meter/t")).Select(message => message.Seq));
    }

    [Fact]
    public async Task One_topic_that_fails_does_not_fail_the_others_of_the_batch()
    {
        _history.BrokenTopic = "default/devices/meter/bad";
        var result = await Publish(
            "meter", Timed("meter", 1), Timed("meter", 1, topic: "devices/meter/bad"), Timed("meter", 2));
        Assert.Equal(1, Assert.Single(result.Failures).Index);
        Assert.Equal(2, (await Stored("devices/meter/t")).Length);
    }

    [Fact]
    public async Task A_writer_that_finds_the_history_grown_gives_way_to_one_that_reads_it_again()
    {
        await Publish("meter", Timed("meter", 1));
        await _history.Append("default/devices/meter/t", 2, [Timed("meter", 50, "somebody else's")]);

        var refused = await Publish("meter", Timed("meter", 60));
        Assert.Equal(Failure.Unavailable, Assert.Single(refused.Failures).Failure);
        Assert.Empty((await Publish("meter", Timed("meter", 60))).Failures);
        Assert.Equal([1, 2, 3], (await Stored("devices/meter/t")).Select(message => message.Seq));
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        var real = builder.Services.Last(service => service.ServiceType == typeof(ITelemetryHistory));
        builder.Services.Remove(real);
        builder.Services.AddSingleton<ITelemetryHistory>(services =>
            _history = new BreakableHistory((ITelemetryHistory)(real.ImplementationFactory is { } factory
                ? factory(services)
                : ActivatorUtilities.CreateInstance(services, real.ImplementationType!))));
    }

    /// <summary>The real store, with a switch that makes its appends fail as a full disk does.</summary>
    private sealed class BreakableHistory(ITelemetryHistory store) : ITelemetryHistory
    {
        public bool IsBroken { get; set; }

        public string? BrokenTopic { get; set; }

        public Task Append(string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages) =>
            IsBroken || topic == BrokenTopic
                ? Task.FromException(new FailureException(Failure.Unavailable, "The disk is full."))
                : store.Append(topic, firstSeq, messages);

        public Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation) =>
            store.ReadTopicTail(topic, cancellation);

        public Task<DeviceTail> ReadDeviceTail(string device, int count, CancellationToken cancellation) =>
            store.ReadDeviceTail(device, count, cancellation);

        public Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation) =>
            store.Read(topic, query, cancellation);

        public Task<IReadOnlyList<TelemetryMessage>> ReadAt(
            string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation) =>
            store.ReadAt(topic, times, cancellation);
    }
}
