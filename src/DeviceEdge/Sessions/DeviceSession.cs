using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// One connection from its first byte to its last: CONNECT, then the loop and its switch, then the end, for which
/// there is always one reason, the first that comes up.
/// </summary>
internal sealed partial class DeviceSession : IDeviceConnection
{
    /// <summary>Nobody needs more to sign in, and until then the sender may be anybody.</summary>
    private const int MaxConnectSize = 64 * 1024;

    private readonly ConnectionContext _connection;
    private readonly EdgeContext _edge;
    private readonly PipeReader _input;
    private readonly Outgoing _outgoing;
    private readonly MqttPacketReader _reader;
    private readonly KeepAlive _keepAlive;
    private SignedInDevice? _device;
    private Ending? _ending;
    private volatile bool _isOvertaken;
    private Will? _will;
    private uint _sessionExpiry;

    public DeviceSession(ConnectionContext connection, EdgeContext edge)
    {
        _connection = connection;
        _edge = edge;
        _input = connection.Transport.Input;
        _outgoing = new Outgoing(connection.Transport.Output);
        _reader = new MqttPacketReader(null, Math.Min(MaxConnectSize, edge.Options.MaxPacketSize));
        _keepAlive = new KeepAlive(edge.Time, edge.Options.ConnectTimeout);
    }

    public async Task Run()
    {
        // The server stops: Kestrel accepts nothing new and waits for those that are here.
        using var stopping = _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?
            .ConnectionClosedRequested.Register(() => End(Ending.Stopping));

        if (await Connect() is not { } device)
        {
            return;
        }

        device.Caller.Enter(); // from here on the grain calls of this connection are the device's
        _device = device;
        try
        {
            await ReceivePackets();
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
            await Finish(device);
        }
    }

    /// <summary>There are as many connections as there may be.</summary>
    public void RefuseFull() => LogRefused(ReasonCode.QuotaExceeded, "There are too many connections.");

    /// <summary>The device's grain ends the connection.</summary>
    Task IDeviceConnection.End(ConnectionEnd why)
    {
        _isOvertaken = true; // also when it ends already
        End(Ending.By(why));
        return Task.CompletedTask;
    }

    /// <summary>Once a second, from outside.</summary>
    public void CheckTime()
    {
        // While the edge does not read because the store is slow, silence is not the device's.
        if (_keepAlive.IsOver && !IsWaitingForStore)
        {
            End(_device is null ? Ending.NoConnect : Ending.Silent);
        }
    }

    /// <summary>The first reason counts. Whatever the session waits for, it stops waiting.</summary>
    private void End(Ending ending)
    {
        if (Interlocked.CompareExchange(ref _ending, ending, null) is null)
        {
            ReleaseReader();
            _input.CancelPendingRead();
            _outgoing.StopWaiting();
        }
    }

    private async Task<SignedInDevice?> Connect()
    {
        try
        {
            if (await ReceiveConnect() is not { } connect)
            {
                LogNoConnect();
                return null;
            }

            _keepAlive.Suspend();
            _reader.MaximumPacketSize = _edge.Options.MaxPacketSize;
            _outgoing.Speak(connect);
            CheckConnect(connect);
            var device = await SignIn(connect);
            _will = connect.Will;
            _sessionExpiry = connect.Properties.SessionExpiryInterval ?? 0;
            _keepAlive.Start(KeepAliveOf(connect));
            await _outgoing.Send(Accept(connect, device)); // [MQTT-3.2.0-1]
            LogConnected(device.Id);
            return device;
        }
        catch (MqttProtocolException fault)
        {
            await Refuse(fault.Reason, fault.Message);
        }
        catch (FailureException failure)
        {
            await Refuse(ReasonCodes.OfConnect(failure.Failure), failure.Message);
        }
        catch (Exception e) when (IsConnectionLoss(e))
        {
            LogNoConnect();
        }

        return null;
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

    /// <exception cref="MqttProtocolException">The CONNECT is well-formed, but asks for what is not offered.</exception>
    /// <exception cref="FailureException">So does its will.</exception>
    private void CheckConnect(ConnectPacket connect)
    {
        if (connect.Properties.AuthenticationMethod is not null)
        {
            throw new MqttProtocolException(ReasonCode.BadAuthenticationMethod, "No enhanced authentication is offered."); // section 4.12
        }

        if (connect is { ClientId: "", CleanStart: false, Version: MqttVersion.V311 })
        {
            // 3.1.1 [MQTT-3.1.3-8]
            throw new MqttProtocolException(ReasonCode.ClientIdentifierNotValid, "Without a client identifier the session is clean.");
        }

        if (connect.Will is { } will)
        {
            CheckWill(will, connect.Version);
        }
    }

    private async Task<SignedInDevice> SignIn(ConnectPacket connect)
    {
        try
        {
            return await _edge.Authenticator.SignIn(connect, _connection.Features, this);
        }
        catch (Exception e) when (e is not FailureException)
        {
            LogSignInFailed(e);
            throw new FailureException(Failure.Unavailable, "The server cannot check the credential now.", e);
        }
    }

    private int KeepAliveOf(ConnectPacket connect) =>
        connect.Version == MqttVersion.V500 && (connect.KeepAlive == 0 || connect.KeepAlive > _edge.Options.MaxKeepAlive)
        && _edge.Options.MaxKeepAlive < ushort.MaxValue
            ? _edge.Options.MaxKeepAlive
            : connect.KeepAlive;

    /// <summary>What this edge does and does not offer; a 3.1.1 client has to find out.</summary>
    private ConnAckPacket Accept(ConnectPacket connect, SignedInDevice device)
    {
        var keepAlive = KeepAliveOf(connect);
        return new ConnAckPacket
        {
            Properties = new Properties
            {
                SessionExpiryInterval = connect.Properties.SessionExpiryInterval > 0 ? 0u : null,
                ReceiveMaximum = (ushort)_edge.Options.ReceiveMaximum,
                MaximumQos = Qos.AtLeastOnce,
                RetainAvailable = false,
                MaximumPacketSize = (uint)_edge.Options.MaxPacketSize,
                AssignedClientIdentifier = connect.ClientId.Length == 0 ? device.Id : null, // [MQTT-3.2.2-16]
                TopicAliasMaximum = 0,
                WildcardSubscriptionAvailable = false,
                SubscriptionIdentifiersAvailable = false,
                SharedSubscriptionAvailable = false,
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

    private async Task ReceivePackets()
    {
        while (_ending is null)
        {
            var read = await _input.ReadAsync();
            var buffer = read.Buffer;
            var isFull = false;
            _keepAlive.Heard();
            _arrived = _edge.Time.GetUtcNow();
            try
            {
                while (_ending is null && !(isFull = IsFull) && _reader.TryRead(ref buffer, out var packet))
                {
                    await Handle(packet);
                }
            }
            finally
            {
                // What there is no room for stays in the pipe, and when the pipe is full, in the socket.
                _input.AdvanceTo(buffer.Start, isFull ? buffer.Start : buffer.End);
            }

            StartPublishing();
            if (isFull)
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
                return HandleRelease(release);
            case SubscribePacket subscribe:
                return HandleSubscribe(subscribe);
            case UnsubscribePacket unsubscribe:
                return HandleUnsubscribe(unsubscribe);
            case PingReqPacket:
                return _outgoing.Send(PingRespPacket.Instance); // [MQTT-3.12.4-1]
            case DisconnectPacket disconnect:
                HandleDisconnect(disconnect);
                return ValueTask.CompletedTask;
            default: // a second CONNECT [MQTT-3.1.0-2], what only servers send, answers to what was never sent
                throw MqttProtocolException.Protocol($"A {packet.Type} is out of place here.");
        }
    }

    /// <summary>No QoS 2 is accepted, so no identifier waits for its release.</summary>
    private ValueTask HandleRelease(AckPacket release) =>
        _outgoing.Send(new AckPacket(PacketType.PubComp, release.PacketId, ReasonCode.PacketIdentifierNotFound));

    /// <summary>Subscriptions are not offered, which CONNACK can say only of some kinds of them.</summary>
    private ValueTask HandleSubscribe(SubscribePacket subscribe) => _outgoing.Send(new SubAckPacket
    {
        PacketId = subscribe.PacketId, // [MQTT-3.8.4-1], [MQTT-3.8.4-2]
        Reasons = [.. subscribe.Subscriptions.Select(_ => ReasonCode.ImplementationSpecificError)],
        Properties = Properties.Because("This server does not offer subscriptions."),
    });

    private ValueTask HandleUnsubscribe(UnsubscribePacket unsubscribe) => _outgoing.Send(new UnsubAckPacket
    {
        PacketId = unsubscribe.PacketId, // [MQTT-3.10.4-4], [MQTT-3.10.4-5]
        Reasons = [.. unsubscribe.Filters.Select(_ => ReasonCode.NoSubscriptionExisted)],
    });

    private void HandleDisconnect(DisconnectPacket disconnect)
    {
        if (_sessionExpiry == 0 && disconnect.Properties.SessionExpiryInterval > 0)
        {
            throw MqttProtocolException.Protocol("A session that ends with the connection cannot be prolonged."); // section 3.14.2.2.2
        }

        End(disconnect.Reason == ReasonCode.Success ? Ending.Left : Ending.LeftWithWill); // [MQTT-3.1.2-8]
    }

    /// <summary>What has arrived is stored and acknowledged, the will is published, the device hears why, the grain hears that.</summary>
    private async Task Finish(SignedInDevice device)
    {
        var ending = _ending!;
        LogEnded(device.Id, ending);
        using var limit = new CancellationTokenSource(_edge.Options.CloseTimeout, _edge.Time);
        try
        {
            StartPublishing();
            await _publishing.WaitAsync(limit.Token);
            if (ending.PublishesWill && _will is not null)
            {
                await PublishWill(_will).WaitAsync(limit.Token);
            }

            if (ending.Say is { } reason && _outgoing.Version == MqttVersion.V500)
            {
                var disconnect = new DisconnectPacket { Reason = reason, Properties = Properties.Because(ending.Why) };
                await _outgoing.Send(disconnect).AsTask().WaitAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            LogCutOff(device.Id);
            _connection.Abort(new ConnectionAbortedException("The connection took too long to end."));
        }
        finally
        {
            await _outgoing.Close();
            await SignOut(device);
        }
    }

    private async Task SignOut(SignedInDevice device)
    {
        try
        {
            await _edge.Authenticator.SignOut(device);
        }
        catch (Exception e)
        {
            LogSignOutFailed(device.Id, e); // the device's next connection puts it right
        }
    }

    private static bool IsConnectionLoss(Exception e) => e is ConnectionResetException or ConnectionAbortedException;
}
