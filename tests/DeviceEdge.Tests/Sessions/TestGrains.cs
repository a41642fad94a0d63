using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>Grains in memory, whose every answer a test may give by hand.</summary>
internal sealed class TestGrains
{
    private readonly ConcurrentDictionary<string, TestDevice> _devices = new();

    public TestGrains() => Factory = GrainsByHand.Factory((_, key) => DeviceOf(key), Add, Remove);

    public IGrainFactory Factory { get; }

    public int Woken => _devices.Count;

    public List<IGrainObserver> References { get; } = [];

    public TestDevice this[string device] => DeviceOf($"default/{device}");

    private TestDevice DeviceOf(string key) => _devices.GetOrAdd(key, _ => new TestDevice());

    private void Add(IGrainObserver observer)
    {
        lock (References)
        {
            References.Add(observer);
        }
    }

    private void Remove(IGrainObserver observer)
    {
        lock (References)
        {
            Assert.True(References.Remove(observer));
        }
    }
}

/// <summary>One call of Publish, to be answered by the test.</summary>
internal sealed class PublishCall(ImmutableArray<TelemetryMessage> messages, Caller? caller)
{
    private readonly TaskCompletionSource<PublishResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableArray<TelemetryMessage> Messages => messages;

    public Caller? Caller => caller;

    public Task<PublishResult> Answer => _answer.Task;

    public IEnumerable<string> Payloads => messages.Select(message => System.Text.Encoding.UTF8.GetString(message.Payload.Span));

    /// <summary>Everything is durable.</summary>
    public void Complete() => _answer.SetResult(PublishResult.AllStored);

    public void Refuse(params PublishFailure[] failures) => _answer.SetResult(new PublishResult([.. failures]));

    public void Throw(Exception e) => _answer.SetException(e);
}

/// <summary>A device whose key is "key" and that stores everything, unless the test says otherwise.</summary>
internal sealed class TestDevice : IDeviceGrain
{
    private readonly Channel<PublishCall> _calls = Channel.CreateUnbounded<PublishCall>();
    private readonly Channel<string> _disconnects = Channel.CreateUnbounded<string>();

    /// <summary>Whether the test answers each Publish itself.</summary>
    public bool ByHand { get; set; }

    /// <summary>What Connect throws, or waits for.</summary>
    public Func<Task> OnConnect { get; set; } = () => Task.CompletedTask;

    public int Connects { get; private set; }

    public IDeviceConnection? Connection { get; private set; }

    public string? ConnectionId { get; private set; }

    public Caller? ConnectCaller { get; private set; }

    public int Waiting => _calls.Reader.Count;

    /// <summary>The next call of Publish, when it comes.</summary>
    public async Task<PublishCall> NextPublish() => await _calls.Reader.ReadAsync(Soon());

    /// <summary>The connection id of the next call of Disconnect, when it comes.</summary>
    public async Task<string> NextDisconnect() => await _disconnects.Reader.ReadAsync(Soon());

    public async Task Connect(string key, string connectionId, IDeviceConnection connection)
    {
        Connects++;
        ConnectCaller = Caller.Current;
        await OnConnect();
        if (key != "key")
        {
            throw new FailureException(Failure.NotSignedIn, "There is no such device, or this is not its key.");
        }

        (ConnectionId, Connection) = (connectionId, connection);
    }

    public Task Disconnect(string connectionId)
    {
        _disconnects.Writer.TryWrite(connectionId);
        return Task.CompletedTask;
    }

    public Task<PublishResult> Publish(ImmutableArray<TelemetryMessage> messages)
    {
        var call = new PublishCall(messages, Caller.Current);
        if (!ByHand)
        {
            call.Complete();
        }

        _calls.Writer.TryWrite(call);
        return call.Answer;
    }

    public int RefusedByTheEdge { get; private set; }

    public Task Refused(int messages)
    {
        RefusedByTheEdge += messages;
        return Task.CompletedTask;
    }

    public Task<string> Register(DeviceRegistration registration) => throw new NotSupportedException();

    public Task<string> RenewKey() => throw new NotSupportedException();

    public Task Remove() => throw new NotSupportedException();

    public Task<string> CredentialId() => throw new NotSupportedException();

    public Task<DeviceSnapshot> Get() => throw new NotSupportedException();

    /// <summary>Longer than anything takes that comes at all.</summary>
    private static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;
}
