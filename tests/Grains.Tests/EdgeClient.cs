using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using OrleansIoT.Devices;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Tests;

public enum EdgeConduct
{
    Good,
    Hangs,
    Throws,
}

/// <summary>An edge with a single client, which tells its grain what a real edge tells.</summary>
public sealed class EdgeClient : IEdge
{
    // The engine holds observers weakly.
    private static readonly ConcurrentBag<EdgeClient> Alive = [];

    private readonly IGrainFactory _grains;
    private readonly IClientGrain _grain;
    private readonly Caller _caller;
    private readonly Channel<Delivery> _deliveries = Channel.CreateUnbounded<Delivery>();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ConnectionEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _losing;

    public EdgeClient(IGrainFactory grains, IClientGrain grain, Caller caller)
    {
        (_grains, _grain, _caller) = (grains, grain, caller);
        Alive.Add(this);
    }

    public string Id { get; init; } = Guid.NewGuid().ToString();

    /// <summary>By what its calls name it.</summary>
    public string CalledAs => Session?.CalledAs ?? Id;

    public EdgeConduct Conduct { get; set; }

    /// <summary>So many of the next calls do not arrive.</summary>
    public void Lose(int calls) => _losing = calls;

    public SessionOpened Session { get; private set; } = null!;

    /// <summary>It was told to end, whatever it does then.</summary>
    public Task Asked => _asked.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public Task<ConnectionEnd> Ended => _ended.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public bool HasEnded => _ended.Task.IsCompleted;

    public async Task<EdgeClient> Connect(
        Caller caller, Credential credential, string clientId, bool cleanStart, uint expiry, Will? will, DateTimeOffset? since = null)
    {
        caller.Enter();
        Session = await _grain.Connect(new ClientConnect(
            Id, _grains.CreateObjectReference<IEdge>(this), clientId, credential, cleanStart, expiry, will, Since: since, CalledAs: since is null ? null : $"{Id}.{Guid.NewGuid():N}"));
        return this;
    }

    /// <summary>The edge itself has refused a message.</summary>
    public Task Refused(string topic, string why) => AsClient(async () =>
    {
        await _grain.Refused(1, topic, why);
        return true;
    });

    public Task<PublishResult> Publish(params TelemetryMessage[] messages) =>
        AsClient(() => _grain.Publish(CalledAs, [.. messages]));

    public async Task<SubscribeResult> Subscribe(params Subscription[] subscriptions) =>
        await AsClient(() => _grain.Subscribe(CalledAs, [.. subscriptions]));

    public Task<SubscribeResult> Subscribe(string filter, Qos qos = Qos.ExactlyOnce) => Subscribe(new Subscription(filter, qos));

    public Task<ImmutableArray<bool>> Unsubscribe(params string[] filters) =>
        AsClient(() => _grain.Unsubscribe(CalledAs, [.. filters]));

    public Task<long> Routed() => AsClient(() => _grain.Routed(CalledAs));

    public Task<ImmutableArray<QueuedMessage>> Queue(long after = 0) => AsClient(() => _grain.Queue(CalledAs, after, 1_000));

    public Task<RetainedPage> Retained(string filter) => AsClient(() => _grain.Retained(CalledAs, filter, null));

    public Task Settle(params long[] numbers) => AsClient(async () =>
    {
        await _grain.Settle(CalledAs, [.. numbers.Select(number => new Settlement(number, IsComplete: true))]);
        return true;
    });

    public Task Release(params ushort[] packetIds) => AsClient(async () =>
    {
        await _grain.Release(CalledAs, [.. packetIds]);
        return true;
    });

    /// <summary>DISCONNECT with the reason 0: without a will.</summary>
    public Task Leave(uint? expiry = null, long sent = 0) => Disconnect(new ClientDisconnect(false, expiry, sent));

    /// <summary>The connection breaks.</summary>
    public Task Break(long sent = 0) => Disconnect(new ClientDisconnect(true, null, sent));

    /// <summary>The next delivery.</summary>
    public async Task<Delivery> Next()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _deliveries.Reader.ReadAsync(patience.Token);
    }

    /// <summary>Whether something has been delivered and not been looked at.</summary>
    public bool HasNext => _deliveries.Reader.TryPeek(out _);

    async Task IEdge.Deliver(ImmutableArray<Delivery> deliveries, long number)
    {
        if (Interlocked.Decrement(ref _losing) >= 0)
        {
            throw new TimeoutException("It was lost on the way.");
        }

        foreach (var delivery in deliveries)
        {
            _deliveries.Writer.TryWrite(delivery);
        }

        await Behave();
    }

    async Task IEdge.End(string connectionId, ConnectionEnd why)
    {
        Assert.Equal(Id, connectionId);
        _asked.TrySetResult();
        await Behave();
        if (why != ConnectionEnd.Forgotten)
        {
            await Disconnect(new ClientDisconnect(true, null, 0));
        }

        _ended.TrySetResult(why);
    }

    private Task Behave() => Conduct switch
    {
        EdgeConduct.Hangs => new TaskCompletionSource().Task,
        EdgeConduct.Throws => throw new InvalidOperationException("The edge is broken."),
        _ => Task.CompletedTask,
    };

    private Task<bool> Disconnect(ClientDisconnect disconnect) => AsClient(async () =>
    {
        await _grain.Disconnect(CalledAs, disconnect);
        return true;
    });

    private async Task<T> AsClient<T>(Func<Task<T>> call)
    {
        _caller.Enter();
        return await call();
    }
}
