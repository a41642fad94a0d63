using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class StoreFailureTests : GrainTest
{
    private readonly ManualClock _clock = new(Noon);
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

    [Fact]
    public async Task A_redelivery_stands_and_falls_with_its_first_copy_in_the_same_batch()
    {
        _history.IsBroken = true;
        var refused = await Publish(
            "meter", Untimed("meter", 1, "a", packetId: 5), Untimed("meter", 1, "a", packetId: 5, dup: true));
        Assert.Equal([0, 1], refused.Failures.Select(failure => failure.Index));
    }

    [Fact]
    public async Task What_is_sent_again_while_the_store_is_stuck_is_stored_once()
    {
        var goesOn = new TaskCompletionSource();
        _history.Stuck = goesOn.Task;
        var first = Publish("meter", Untimed("meter", 1, "a", packetId: 5));
        await _history.Begun;
        _clock.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TimeoutException>(() => first);

        var again = Publish("meter", Untimed("meter", 2, "a", packetId: 5, dup: true));
        goesOn.SetResult();

        Assert.Empty((await again).Failures);
        Assert.Single(await Stored("devices/meter/t"));
    }

    [Fact]
    public async Task A_device_connects_anew_only_when_what_it_sent_before_is_stored()
    {
        var key = await Register("impatient");
        var goesOn = new TaskCompletionSource();
        _history.Stuck = goesOn.Task;
        var publish = Publish("impatient", Untimed("impatient", 1, "a", packetId: 5));
        await _history.Begun;

        var grain = Grains.Device(Tenant, "impatient");
        var connect = As(Caller.SigningIn(Tenant, "edge"), () => grain.Connect(key, "c1", null!));
        Assert.False((await As(User(Roles.Viewer), grain.Get)).Connected); // this does not wait
        goesOn.SetResult();

        Assert.Empty((await publish).Failures);
        await connect;
        Assert.True((await As(User(Roles.Viewer), grain.Get)).Connected);
        await As(Caller.Device(Tenant, "impatient"), () => grain.Disconnect("c1"));
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TimeProvider>(_clock);
        var real = builder.Services.Last(service => service.ServiceType == typeof(ITelemetryHistory));
        builder.Services.Remove(real);
        builder.Services.AddSingleton<ITelemetryHistory>(services =>
            _history = new BreakableHistory((ITelemetryHistory)(real.ImplementationFactory is { } factory
                ? factory(services)
                : ActivatorUtilities.CreateInstance(services, real.ImplementationType!))));
    }

    /// <summary>The real store, with a switch that makes its appends fail as a full disk does, or hang as a dying one does.</summary>
    private sealed class BreakableHistory(ITelemetryHistory store) : ITelemetryHistory
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Complete with the first append.</summary>
        public Task Begun => _begun.Task;

        /// <summary>What appends wait for.</summary>
        public Task Stuck { get; set; } = Task.CompletedTask;

        public bool IsBroken { get; set; }

        public string? BrokenTopic { get; set; }

        public async Task Append(string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages)
        {
            _begun.TrySetResult();
            await Stuck;
            if (IsBroken || topic == BrokenTopic)
            {
                throw new FailureException(Failure.Unavailable, "The disk is full.");
            }

            await store.Append(topic, firstSeq, messages);
        }

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
