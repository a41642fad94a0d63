using System.Text;
using Microsoft.AspNetCore.Connections;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Topics;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>From the first byte to CONNACK.</summary>
internal sealed partial class DeviceSession
{
    /// <summary>Nobody needs more to sign in, and until then the sender may be anybody.</summary>
    private const int MaxConnectSize = 64 * 1024;

    /// <summary>Longer than any identifier that anybody gives a client: it stands in the name of its session.</summary>
    private const int MaxClientIdBytes = 512;

    /// <summary>What 3.1.1 means without Clean Session: for ever (section 3.1.2.11.2).</summary>
    private const uint Forever = uint.MaxValue;

    private Claim? _claim;
    private SessionGrain? _grain;
    private Subscriber? _subscriber;
    private uint _sessionExpiry;

    /// <summary>There are as many connections as there may be.</summary>
    public void RefuseFull() => LogRefused(ReasonCode.QuotaExceeded, "There are too many connections.");

    /// <returns>Whether the client is in.</returns>
    private async Task<bool> Connect()
    {
        try
        {
            if (await ReceiveConnect() is { } connect && await TakeTurn())
            {
                try
                {
                    await Accept(connect);
                    return true;
                }
                finally
                {
                    _edge.Handshakes.Release();
                }
            }

            LogNoConnect();
        }
        catch (MqttProtocolException fault)
        {
            await NoteRefusal(fault.Reason, null, fault.Message);
            await Refuse(fault.Reason, fault.Message);
        }
        catch (FailureException failure)
        {
            await NoteRefusal(ReasonCodes.OfConnect(failure.Failure), failure.Failure, failure.Message);
            await Refuse(ReasonCodes.OfConnect(failure.Failure), failure.Message);
        }

        return false;
    }

    /// <returns>Null if the connection ended before.</returns>
    private async Task<ConnectPacket?> ReceiveConnect()
    {
        while (_ending is null)
        {
            var read = await _input.ReadAsync();
            var buffer = read.Buffer;
            MqttPacket? packet = null;
            try
            {
                if (_reader.TryRead(ref buffer, out packet))
                {
                    return (ConnectPacket)packet; // the reader begins with nothing else
                }

                if (read.IsCompleted)
                {
                    MqttPacketReader.ExpectEnd(buffer);
                    return null;
                }
            }
            finally
            {
                // What follows the CONNECT is for later.
                _input.AdvanceTo(buffer.Start, packet is null ? buffer.End : buffer.Start);
            }
        }

        return null;
    }

    /// <returns>False if the time for CONNECT is over before it is this client's turn.</returns>
    private async Task<bool> TakeTurn()
    {
        if (_edge.Handshakes.Wait(0, CancellationToken.None))
        {
            return true;
        }

        using var patience = new CancellationTokenSource(_keepAlive.Left, _edge.Time);
        using var closed = _connection.ConnectionClosed.Register(patience.Cancel);
        try
        {
            await _edge.Handshakes.WaitAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            End(Ending.NoConnect);
            return false;
        }
    }

    private async Task Accept(ConnectPacket connect)
    {
        _keepAlive.Suspend();
        _reader.MaximumPacketSize = _edge.Options.MaxPacketSize;
        _outgoing.Speak(connect);
        _shownName = connect.UserName;
        CheckConnect(connect);
        var claim = await Identify(connect);
        _shown = claim;
        var session = await OpenSession(claim, connect);
        _claim = claim;
        Subscribe(session, connect);
        if (!session.Received.IsEmpty)
        {
            (_received = new ReceivedIds()).Restore(session.Received);
        }

        await NoteSignIn(claim);
        _keepAlive.Start(KeepAliveOf(connect));
        await _outgoing.Send(Answer(connect, claim, session)); // [MQTT-3.2.0-1]
        _subscriber!.Outbox.Start();
        LogConnected();
    }

    /// <exception cref="MqttProtocolException">The CONNECT is well-formed, but asks for what is not offered.</exception>
    private static void CheckConnect(ConnectPacket connect)
    {
        if (connect.Properties.AuthenticationMethod is not null)
        {
            throw new MqttProtocolException(ReasonCode.BadAuthenticationMethod, "No enhanced authentication is offered."); // [MQTT-4.12.0-1]
        }

        if (connect is { ClientId: "", CleanStart: false, Version: MqttVersion.V311 })
        {
            // 3.1.1 [MQTT-3.1.3-8]
            throw new MqttProtocolException(ReasonCode.ClientIdentifierNotValid, "Without a client identifier the session is clean.");
        }

        if (Encoding.UTF8.GetByteCount(connect.ClientId) > MaxClientIdBytes)
        {
            throw new MqttProtocolException(ReasonCode.ClientIdentifierNotValid, $"A client identifier has at most {MaxClientIdBytes} bytes.");
        }
    }

    private async Task<Claim> Identify(ConnectPacket connect)
    {
        try
        {
            return await _edge.Authenticator.Read(connect, _connection.Features);
        }
        catch (Exception e) when (e is not (FailureException or MqttProtocolException))
        {
            LogSignInFailed(e);
            throw new FailureException(Failure.Unavailable, "The server cannot check the credential now.", e);
        }
    }

    private async Task<SessionOpened> OpenSession(Claim claim, ConnectPacket connect)
    {
        _sessionExpiry = connect.Version == MqttVersion.V500 ? connect.Properties.SessionExpiryInterval ?? 0
            : connect.CleanStart ? 0 : Forever;
        _will = _edge.Messages.Read(connect.Will, claim.Publisher, _edge.Time.GetUtcNow());
        _since = _edge.Time.GetUtcNow();
        var open = OpeningOf(claim, connect.CleanStart);
        _edge.Deliveries.Expect(ConnectionId);
        var opening = Open(claim, open);
        try
        {
            await IsOpenOrGone(opening);
            return opening.IsCompleted ? await opening : throw new ConnectionAbortedException("The device is gone.");
        }
        catch (FailureException)
        {
            _edge.Deliveries.Forget(ConnectionId);
            throw;
        }
        catch (Exception e)
        {
            _edge.Deliveries.Forget(ConnectionId);
            _ = GiveUp(claim, opening);
            if (IsConnectionLoss(e) && !opening.IsCompleted)
            {
                throw;
            }

            LogSignInFailed(e);
            throw new FailureException(Failure.Unavailable, "The server cannot check the credential now.", e);
        }
    }

    private ClientConnect OpeningOf(Claim claim, bool cleanStart) => new(
        ConnectionId, _edge.Edge.Reference, claim.ClientId, claim.Credential, cleanStart, _sessionExpiry, _will, _edge.Edge.Name);

    private static async Task<SessionOpened> Open(Claim claim, ClientConnect connect)
    {
        claim.ConnectsAs.Enter();
        return await claim.Grain.Connect(connect);
    }

    /// <summary>A device that does not wait any more is not to keep the next one waiting.</summary>
    private async Task IsOpenOrGone(Task opening)
    {
        if (!opening.IsCompleted)
        {
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var closed = _connection.ConnectionClosed.Register(() => gone.TrySetResult());
            await Task.WhenAny(opening, gone.Task);
        }
    }

    /// <summary>It may have been let in, or may be yet.</summary>
    private async Task GiveUp(Claim claim, Task opening)
    {
        var disconnect = new ClientDisconnect(PublishesWill: false, SessionExpiry: null, Sent: 0);
        await SignOut(claim, disconnect);
        try
        {
            await opening;
            await SignOut(claim, disconnect); // if it was let in behind that
        }
        catch (Exception)
        {
            // It was not.
        }
    }

    /// <summary>From here on messages arrive, which leave after CONNACK.</summary>
    private void Subscribe(SessionOpened session, ConnectPacket connect)
    {
        var claim = _claim!;
        _grain = new SessionGrain(claim.Grain, ConnectionId, claim.Caller) { Resume = () => MayResume ? Resumed() : Task.FromResult(false) };
        var outbox = new Outbox(_outgoing, _edge.OutboxLimits.For(connect), session, _grain, _edge.Time)
        {
            OnFailure = FailOutbox,
        };
        _isDurable = session.IsDurable;
        Silo = session.Silo ?? "";
        _lastQueued = session.Last;
        _subscriber = new Subscriber(ConnectionId, claim.Caller.Tenant, session, outbox);
        _edge.Deliveries.Add(_subscriber);
        foreach (var subscription in session.Subscriptions)
        {
            Subscriptions[subscription.Filter] = subscription;
            _edge.Deliveries.Subscribe(_subscriber, subscription);
        }
    }

    private int KeepAliveOf(ConnectPacket connect) =>
        connect.Version == MqttVersion.V500 && (connect.KeepAlive == 0 || connect.KeepAlive > _edge.Options.MaxKeepAlive)
        && _edge.Options.MaxKeepAlive < ushort.MaxValue
            ? _edge.Options.MaxKeepAlive
            : connect.KeepAlive;

    /// <summary>What is not said is as section 3.2.2.3 has it by default: everything is offered.</summary>
    private ConnAckPacket Answer(ConnectPacket connect, Claim claim, SessionOpened session)
    {
        var keepAlive = KeepAliveOf(connect);
        return new ConnAckPacket
        {
            SessionPresent = session.IsPresent, // [MQTT-3.2.2-2], [MQTT-3.2.2-3]
            Properties = new Properties
            {
                ReceiveMaximum = _edge.Options.ReceiveMaximum == ushort.MaxValue ? null : (ushort)_edge.Options.ReceiveMaximum,
                MaximumPacketSize = (uint)_edge.Options.MaxPacketSize,
                AssignedClientIdentifier = connect.ClientId.Length == 0 ? claim.ClientId : null, // [MQTT-3.2.2-16]
                TopicAliasMaximum = _edge.Options.TopicAliasMaximum == 0 ? null : (ushort)_edge.Options.TopicAliasMaximum,
                ServerKeepAlive = keepAlive == connect.KeepAlive ? null : (ushort)keepAlive, // [MQTT-3.2.2-21]
            },
        };
    }

    private async Task Refuse(ReasonCode reason, string why)
    {
        LogRefused(reason, why);
        if (_reader.Version is { } version && (version == MqttVersion.V500 || ConnAckPacket.ReturnCode(reason) is not null))
        {
            _outgoing.Speak(version);
            await _outgoing.Send(new ConnAckPacket { Reason = reason, Properties = Properties.Because(why) });
        }
    }
}
