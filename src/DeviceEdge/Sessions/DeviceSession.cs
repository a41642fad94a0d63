using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// One connection from its first byte to its last: CONNECT, then the loop and its switch, then the end, for which
/// there is always one reason, the first that comes up.
/// </summary>
internal sealed partial class DeviceSession
{
    private readonly ConnectionContext _connection;
    private readonly EdgeContext _edge;
    private readonly PipeReader _input;
    private readonly Outgoing _outgoing;
    private readonly MqttPacketReader _reader;
    private readonly KeepAlive _keepAlive;
    private readonly Lock _gate = new();
    private TaskCompletionSource? _room;
    private DateTimeOffset _arrived;
    private int _requests;
    private volatile bool _isAsking;

    public DeviceSession(ConnectionContext connection, EdgeContext edge)
    {
        _connection = connection;
        _edge = edge;
        _input = connection.Transport.Input;
        _outgoing = new Outgoing(connection.Transport.Output);
        _reader = new MqttPacketReader(null, Math.Min(MaxConnectSize, edge.Options.MaxPacketSize));
        _keepAlive = new KeepAlive(edge.Time, edge.Options.ConnectTimeout);
    }

    /// <summary>Unique among all connections of all edges.</summary>
    public string ConnectionId { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Where the client's grain is, in a cluster.</summary>
    public string Silo { get; private set; } = "";

    /// <summary>The socket is not read, and that is not for the client to end.</summary>
    public bool IsPaused => _isAsking || (Volatile.Read(ref _room) is not null && (_isStoring || IsThrottled));

    public async Task Run()
    {
        // The server stops: Kestrel accepts nothing new and waits for those that are here.
        using var stopping = _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?
            .ConnectionClosedRequested.Register(() => End(Ending.Stopping));
        try
        {
            if (await Connect())
            {
                _claim!.Caller.Enter(); // from here on the grain calls of this connection are the client's
                await ReceivePackets();
            }
        }
        catch (MqttProtocolException fault)
        {
            End(Ending.Broken(fault));
        }
        catch (Exception e) when (IsConnectionLoss(e))
        {
            End(Ending.Gone);
        }
        catch
        {
            End(Ending.Bug);
            throw;
        }
        finally
        {
            await Finish();
        }
    }

    /// <summary>The server ends, and its connections one after the other.</summary>
    public void Leave() => End(_edge.Options.ServerReference is null ? Ending.Stopping : Ending.Leaving);

    /// <summary>What it has given to a grain is not answered since then: the silo that it went by has died meanwhile. It is given again, or the connection ends.</summary>
    public void GiveUpWhatWaitsSince(long timestamp)
    {
        var since = Volatile.Read(ref _storingSince);
        if (since == 0 || since > timestamp)
        {
            return;
        }

        if (MayResume && Volatile.Read(ref _givenUp) is { } givenUp)
        {
            givenUp.TrySetResult();
        }
        else
        {
            Lose();
        }
    }

    /// <summary>The client's grain has died with its silo, so what it was asked is not waited for.</summary>
    public void Lose() => _ = Expel(ConnectionEnd.Forgotten);

    /// <summary>Another silo has died, and what it was about to deliver here may be lost.</summary>
    public void Suspect() => _subscriber?.Outbox.Suspect();

    /// <summary>Once a second, from outside.</summary>
    public void CheckTime(DateTimeOffset now)
    {
        Volatile.Write(ref _requests, 0);
        ForgetSpare();
        if (_claim is { } claim)
        {
            if (claim.Caller.ExpiresAt <= now)
            {
                End(Ending.Expired);
            }
            else if (claim.IsRevoked() || _edge.Tenants.IsOut(claim.Caller.Tenant))
            {
                End(Ending.Revoked);
            }
        }

        // While the edge does not read, silence is not the client's.
        if (_keepAlive.IsOver && !IsPaused)
        {
            End(_claim is null ? Ending.NoConnect : Ending.Silent);
        }

        if (Volatile.Read(ref _room) is not null && !MustWait)
        {
            ReleaseReader();
        }
    }

    private async Task ReceivePackets()
    {
        while (_ending is null)
        {
            var read = await _input.ReadAsync();
            var buffer = read.Buffer;
            var mustWait = false;
            _keepAlive.Heard();
            _arrived = _edge.Time.GetUtcNow();
            try
            {
                while (_ending is null && !(mustWait = MustWait) && _reader.TryRead(ref buffer, out var packet))
                {
                    await Handle(packet);
                }
            }
            finally
            {
                // What there is no room for stays in the pipe, and when the pipe is full, in the socket.
                _input.AdvanceTo(buffer.Start, mustWait ? buffer.Start : buffer.End);
            }

            StartPublishing();
            StartReleasing();
            if (mustWait)
            {
                await Room();
            }
            else if (read.IsCompleted && _ending is null)
            {
                MqttPacketReader.ExpectEnd(buffer);
                End(Ending.Gone);
            }
        }
    }

    private ValueTask Handle(MqttPacket packet)
    {
        switch (packet)
        {
            case PublishPacket publish:
                HandlePublish(publish);
                return ValueTask.CompletedTask;
            case AckPacket { Type: PacketType.PubRel } release:
                HandleRelease(release);
                return ValueTask.CompletedTask;
            case AckPacket ack:
                return _subscriber!.Outbox.Handle(ack);
            case SubscribePacket subscribe:
                return HandleSubscribe(subscribe);
            case UnsubscribePacket unsubscribe:
                return HandleUnsubscribe(unsubscribe);
            case PingReqPacket:
                return HandlePing();
            case DisconnectPacket disconnect:
                HandleDisconnect(disconnect);
                return ValueTask.CompletedTask;
            default: // a second CONNECT [MQTT-3.1.0-2], what only servers send, AUTH where no method was agreed on (section 4.12.1)
                throw MqttProtocolException.Protocol($"A {packet.Type} is out of place here.");
        }
    }

    private ValueTask HandlePing()
    {
        CountRequest();
        return _outgoing.Send(PingRespPacket.Instance); // [MQTT-3.12.4-1]
    }

    private void HandleDisconnect(DisconnectPacket disconnect)
    {
        _newExpiry = disconnect.Properties.SessionExpiryInterval;
        if (_sessionExpiry == 0 && _newExpiry > 0)
        {
            _newExpiry = null;
            throw MqttProtocolException.Protocol("A session that ends with the connection cannot be prolonged."); // section 3.14.2.2.2
        }

        End(disconnect.Reason == ReasonCode.Success ? Ending.Left : Ending.LeftWithWill); // [MQTT-3.1.2-8]
    }

    /// <summary>What makes the server work and brings no message. 3.1.1 has no word for too much of it; there reading pauses.</summary>
    private void CountRequest()
    {
        if (Interlocked.Increment(ref _requests) > _edge.Options.DeviceRate && _edge.Options.DeviceRate > 0
            && _outgoing.Version == MqttVersion.V500)
        {
            End(Ending.TooFast);
        }
    }

    private bool MustWait => IsFull || IsThrottled;

    /// <summary>Until there is a token, a client of 3.1.1 is not read; one of 5.0 for a while, and then it is told.</summary>
    private bool IsThrottled =>
        _edge.Options.DeviceRate > 0
        && (_outgoing.Version == MqttVersion.V311
            ? _rate is { IsEmpty: true } || Volatile.Read(ref _requests) > _edge.Options.DeviceRate
            : _rate is { IsEmpty: true } rate && IsPatientWith(rate));

    /// <summary>Whether so little time has passed since the client's bucket was empty first, after it was full last.</summary>
    private bool IsPatientWith(TokenBucket rate)
    {
        var since = rate.EmptySince;
        return _edge.Time.GetElapsedTime(since) < _edge.Options.DeviceRatePatience;
    }

    /// <summary>Complete when there is room again, or nothing more is to be read.</summary>
    private Task Room()
    {
        lock (_gate)
        {
            return _ending is not null || !MustWait
                ? Task.CompletedTask
                : (_room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void ReleaseReader()
    {
        lock (_gate)
        {
            if (_room is { } room)
            {
                _room = null;
                _keepAlive.Heard(); // nobody listened until now
                room.SetResult();
            }
        }
    }

    /// <returns>Whether the grain has answered; if not, the connection has ended meanwhile.</returns>
    private async Task<bool> HasAnswer(Task asked)
    {
        try
        {
            _isAsking = true;
            await Task.WhenAny(asked, Ended);
            return asked.IsCompleted;
        }
        finally
        {
            _keepAlive.Heard(); // nobody listened until now
            _isAsking = false;
        }
    }

    private static bool IsConnectionLoss(Exception e) => e is ConnectionResetException or ConnectionAbortedException;
}
