using System.Net;
using System.Net.Sockets;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Faults.Workload;

/// <summary>Who a client is.</summary>
/// <param name="Id">A device's, and its client identifier.</param>
/// <param name="Key">Its password.</param>
public sealed record Identity(string Tenant, string Id, string Key)
{
    /// <summary>The name that is for its tenant only begins with that.</summary>
    public string UserName => Tenant == Tenants.Default ? Id : $"{Tenant}/{Id}";

    public string Name => $"{Tenant}/{Id}";

    public override string ToString() => Name; // a record would print the key
}

/// <summary>
/// A client with a durable session that connects again whenever its connection ends, at whichever edge takes it; and that
/// ends it itself when nothing it has sent was answered for as long as a device has patience.
/// </summary>
internal sealed class Session : IAsyncDisposable
{
    /// <summary>How long a device waits for an acknowledgement before it tries another connection.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly IReadOnlyList<IPEndPoint> _edges;
    private readonly Ledger _ledger;
    private readonly Identity _identity;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, TimeSpan> _waiting = [];
    private readonly List<Resumption> _resumptions = [];
    private CancellationTokenSource _leaving = new();
    private Task _staying = Task.CompletedTask;
    private TimeSpan _connected;
    private bool _hasBegun;
    private string? _violation;

    public Session(IReadOnlyList<IPEndPoint> edges, Ledger ledger, Identity identity, MqttVersion version, int seed)
    {
        (_edges, _ledger, _identity, _random) = (edges, ledger, identity, new Random(seed));
        Client = new MqttClient(identity.Id, version)
        {
            UserName = identity.UserName,
            Password = identity.Key,
            SessionExpiry = MqttClient.Forever,
            ConnectPatience = TimeSpan.FromSeconds(5),
        };
    }

    public MqttClient Client { get; }

    public Identity Identity => _identity;

    /// <summary>What the server has done that MQTT forbids; null for nothing.</summary>
    public string? Violation => Volatile.Read(ref _violation);

    public IReadOnlyList<Resumption> Resumptions
    {
        get
        {
            lock (_gate)
            {
                return [.. _resumptions];
            }
        }
    }

    /// <summary>Connects, subscribes, and stays connected from now on.</summary>
    public async Task Begin(CancellationToken cancellation, params Subscription[] subscriptions)
    {
        await Connect(cancellation);
        if (subscriptions.Length > 0)
        {
            var answer = await Client.Subscribe(null, subscriptions);
            if (answer.Reasons.Any(reason => reason >= ReasonCode.UnspecifiedError))
            {
                throw new InvalidOperationException($"{_identity} may not subscribe: {string.Join(", ", answer.Reasons)}");
            }
        }

        _hasBegun = true;
        Return();
    }

    /// <summary>Connects again and stays.</summary>
    public void Return()
    {
        _leaving.Dispose();
        _leaving = new CancellationTokenSource();
        _staying = Stay(_leaving.Token);
    }

    /// <summary>Is cut and stays away.</summary>
    public async Task Leave()
    {
        await _leaving.CancelAsync();
        await _staying;
        await Client.DisposeAsync();
    }

    /// <summary>A TCP reset, now.</summary>
    public async Task Reset() => await IfConnected(() => Client.Cut());

    /// <summary>An end somewhere in one of the next packets.</summary>
    public Task CutSoon(int bytes, bool sending) => IfConnected(() =>
    {
        if (sending)
        {
            Client.CutAfterSending(bytes);
        }
        else
        {
            Client.CutAfterReceiving(bytes);
        }

        return Task.CompletedTask;
    });

    /// <summary>Publishes once, over as many connections as it takes, and writes down what came of it.</summary>
    public async Task<Outcome> Publish(MessageId message, string payload, Qos qos, bool retain = false)
    {
        var operation = _ledger.Begin(new Publication(message, qos, retain) { Client = _identity.Name });
        lock (_gate)
        {
            _waiting[operation] = _ledger.Now;
        }

        try
        {
            var reason = await Client.Publish(message.Topic, payload, qos, retain);
            var outcome = OutcomeOf(reason);
            _ledger.End(operation, outcome, $"{reason}");
            return outcome;
        }
        catch (OperationCanceledException)
        {
            _ledger.End(operation, Outcome.Info, "the session is gone");
            return Outcome.Info;
        }
        catch (MqttViolationException e)
        {
            _violation = e.Message;
            _ledger.End(operation, Outcome.Info, e.Message);
            return Outcome.Info;
        }
        finally
        {
            lock (_gate)
            {
                _waiting.Remove(operation);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Leave();
        _leaving.Dispose();
    }

    /// <summary>Success, a refusal for good, or one after which the same message may succeed.</summary>
    public static Outcome OutcomeOf(ReasonCode reason) => reason switch
    {
        < ReasonCode.UnspecifiedError => Outcome.Ok,

        // How 5.0 answers a PUBREL that comes again (section 3.7.2.1).
        ReasonCode.PacketIdentifierNotFound => Outcome.Ok,
        ReasonCode.NotAuthorized or ReasonCode.TopicNameInvalid or ReasonCode.PayloadFormatInvalid or ReasonCode.PacketTooLarge => Outcome.Fail,
        _ => Outcome.Info,
    };

    private async Task Stay(CancellationToken leaving)
    {
        try
        {
            while (true)
            {
                await Task.WhenAny(Client.Ended, Task.Delay(Look, leaving));
                leaving.ThrowIfCancellationRequested();
                if (Client.Ended.IsCompleted)
                {
                    await Connect(leaving);
                }
                else if (IsStuck())
                {
                    await Reset();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // it leaves
        }
    }

    private bool IsStuck()
    {
        lock (_gate)
        {
            var now = _ledger.Now;
            return now - _connected > Patience && _waiting.Values.Any(since => now - since > Patience);
        }
    }

    private async Task Connect(CancellationToken leaving)
    {
        for (var pause = 50; ; pause = Math.Min(2 * pause, 2_000))
        {
            leaving.ThrowIfCancellationRequested();
            try
            {
                var answer = await Client.Connect(_edges[_random.Next(_edges.Count)], cleanStart: false);
                Note(answer);
                if (answer.Reason == ReasonCode.Success)
                {
                    return;
                }
            }
            catch (Exception e) when (e is SocketException or IOException or TimeoutException)
            {
                // Nobody listens, the connection was cut, or the edge says nothing.
            }
            catch (MqttProtocolException e)
            {
                _violation = e.Message;
            }

            await Task.Delay(_random.Next(pause / 2, pause + 1), leaving);
        }
    }

    private void Note(ConnAckPacket answer)
    {
        var isTryAgain = answer.Reason is ReasonCode.ServerUnavailable or ReasonCode.ServerBusy or ReasonCode.ConnectionRateExceeded
            or ReasonCode.ServerShuttingDown or ReasonCode.QuotaExceeded or ReasonCode.UnspecifiedError
            or ReasonCode.ImplementationSpecificError or ReasonCode.UseAnotherServer;
        lock (_gate)
        {
            _connected = _ledger.Now;
            if (_hasBegun && !isTryAgain)
            {
                _resumptions.Add(new Resumption(
                    _ledger.Now, _identity.Name, answer.SessionPresent, answer.Reason == ReasonCode.Success ? null : $"{answer.Reason}"));
            }
        }
    }

    private static async Task IfConnected(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (InvalidOperationException)
        {
            // it is between two connections
        }
    }
}
