using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Telemetry;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// Publishing: every PUBLISH that is there goes into the next batch; one batch at a time is with the grain; when it
/// comes back, and not before, its acknowledgements leave and the next batch goes.
/// </summary>
internal sealed partial class DeviceSession
{
    private readonly Lock _gate = new();
    private PublishBatch? _next;
    private Task _publishing = Task.CompletedTask;
    private bool _isPublishing;
    private volatile bool _isStoring;
    private TaskCompletionSource? _room;
    private int _unacknowledged;
    private DateTimeOffset _arrived;

    private bool IsFull
    {
        get
        {
            lock (_gate)
            {
                return _next is { } next
                    && (next.Acks.Count >= _edge.Options.ReceiveMaximum || next.Bytes >= _edge.Options.MaxBatchBytes);
            }
        }
    }

    /// <summary>The socket is not read, because there is enough for the next batch and the one before is not stored yet.</summary>
    public bool IsWaitingForStore => _isStoring && Volatile.Read(ref _room) is not null;

    private void HandlePublish(PublishPacket publish)
    {
        CheckOffer(publish);
        var refusal = Check(publish.Topic, publish.Payload, publish.Properties, out var ownTime);
        lock (_gate)
        {
            var batch = _next ??= new PublishBatch();
            if (refusal is var (reason, why))
            {
                batch.Acks.AddRefused(publish.PacketId, reason, why);
            }
            else
            {
                batch.Add(Message(publish.Topic, publish.Payload, ownTime, publish.PacketId, publish.Dup));
            }
        }

        if (refusal is not null && publish.Qos > Qos.AtMostOnce && _outgoing.Version == MqttVersion.V311)
        {
            End(Ending.NotStored); // what came before it is still stored and acknowledged, what follows is not read
        }
    }

    /// <summary>What CONNACK said is not offered; a 3.1.1 client was told nothing, so it may set the retain flag to no effect.</summary>
    private void CheckOffer(PublishPacket publish)
    {
        if (publish.Qos == Qos.ExactlyOnce)
        {
            throw new MqttProtocolException(ReasonCode.QosNotSupported, "The highest QoS here is 1."); // section 3.2.2.3.4
        }

        if (publish.Qos == Qos.AtLeastOnce && Interlocked.Increment(ref _unacknowledged) > _edge.Options.ReceiveMaximum
            && _outgoing.Version == MqttVersion.V500)
        {
            // [MQTT-3.3.4-7]; 3.1.1 knows no such limit, there reading pauses
            throw new MqttProtocolException(ReasonCode.ReceiveMaximumExceeded, $"At most {_edge.Options.ReceiveMaximum} publishes may wait for their PUBACK.");
        }

        if (publish.Retain && _outgoing.Version == MqttVersion.V500)
        {
            throw new MqttProtocolException(ReasonCode.RetainNotSupported, "Retained messages are not offered."); // [MQTT-3.2.2-14]
        }

        if (publish.Properties.IsEmpty)
        {
            return;
        }

        if (publish.Properties.TopicAlias is not null)
        {
            throw new MqttProtocolException(ReasonCode.TopicAliasInvalid, "Topic aliases are not offered."); // [MQTT-3.2.2-17]
        }

        if (!publish.Properties.SubscriptionIdentifiers.IsEmpty)
        {
            throw MqttProtocolException.Protocol("A client's PUBLISH has no subscription identifier."); // [MQTT-3.3.4-6]
        }
    }

    /// <returns>Why the message cannot be stored, as far as can be seen without its device; null if it can.</returns>
    private (ReasonCode Reason, string Why)? Check(string topic, ReadOnlyMemory<byte> payload, Properties properties, out DateTimeOffset? ownTime)
    {
        ownTime = null;
        if (topic.StartsWith('$'))
        {
            return (ReasonCode.NotAuthorized, "Topics that begin with $ are the server's."); // section 4.7.2
        }

        if (!TopicName.IsValid(topic, out var why))
        {
            return (ReasonCode.TopicNameInvalid, why);
        }

        if (payload.Length > _edge.Options.MaxPayloadSize)
        {
            return (ReasonCodes.OfPublish(Failure.TooLarge), $"A payload has at most {_edge.Options.MaxPayloadSize} bytes.");
        }

        try
        {
            ownTime = EventTime.Of(properties, payload.Span);
            return null;
        }
        catch (FailureException failure)
        {
            return (ReasonCodes.OfPublish(failure.Failure), failure.Message);
        }
    }

    private TelemetryMessage Message(
        string topic, ReadOnlyMemory<byte> payload, DateTimeOffset? ownTime, ushort packetId = 0, bool dup = false)
    {
        return new TelemetryMessage
        {
            Topic = topic,
            Device = _device!.Id,
            Payload = payload,
            At = ownTime ?? _arrived,
            ReceivedAt = _arrived,
            HasOwnTime = ownTime is not null,
            PacketId = packetId,
            Dup = dup,
        };
    }

    /// <summary>Sends the next batch on its way, unless one is under way that will take it along.</summary>
    private void StartPublishing()
    {
        lock (_gate)
        {
            if (_isPublishing || _next is null)
            {
                return;
            }

            _isPublishing = true;
        }

        _publishing = PublishBatches();
    }

    private async Task PublishBatches()
    {
        try
        {
            while (TakeNext() is { } batch)
            {
                // The device may have sent it again on a new connection, and that may be stored first. Then this is the
                // redelivery, and whoever waits for the answer waits there.
                var isOvertaken = _isOvertaken;
                if (isOvertaken)
                {
                    batch.MarkRedelivered();
                }

                if (!await Store(batch))
                {
                    End(Ending.Unknown);
                    return;
                }

                Interlocked.Add(ref _unacknowledged, -batch.Acks.Identifiers);
                if (!isOvertaken && !await _outgoing.Send(batch.Acks))
                {
                    End(Ending.NotStored);
                    return;
                }
            }
        }
        catch
        {
            End(Ending.Bug);
            throw;
        }
    }

    private PublishBatch? TakeNext()
    {
        lock (_gate)
        {
            var batch = _next;
            _next = null;
            _isPublishing = batch is not null;
            ReleaseReader();
            return batch;
        }
    }

    /// <returns>Whether it is known what became of the batch; otherwise nothing of it is answered.</returns>
    private async Task<bool> Store(PublishBatch batch)
    {
        var messages = batch.TakeMessages();
        try
        {
            _isStoring = true;
            if (batch.Acks.Refused > 0)
            {
                await _device!.Grain.Refused(batch.Acks.Refused); // one-way: nobody waits for a counter
            }

            if (!messages.IsEmpty)
            {
                batch.Acks.Settle(await _device!.Grain.Publish(messages));
            }
        }
        catch (FailureException failure)
        {
            batch.Acks.Fail(ReasonCodes.OfPublish(failure.Failure), failure.Message);
        }
        catch (Exception e)
        {
            // It may be stored, or be yet. A refusal would end the delivery [MQTT-4.4.0-2], and what is then sent anew could
            // not be told from another reading; unanswered, it comes with DUP.
            LogStoreFailed(_device!.Id, messages.Length, e);
            return false;
        }
        finally
        {
            _isStoring = false;
        }

        _edge.Metrics.BatchDone(batch.Acks.Count, batch.Acks.Refused);
        if (batch.Acks.Refused > 0)
        {
            LogRefusedMessages(batch.Acks);
        }

        return true;
    }

    /// <summary>Complete when the next batch has room, or nothing more is to be read.</summary>
    private Task Room()
    {
        lock (_gate)
        {
            return _ending is not null || !IsFull
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

    /// <summary>Refuses at CONNECT what could not be published later.</summary>
    private void CheckWill(Will will, MqttVersion version)
    {
        if (version == MqttVersion.V500 && will.Qos == Qos.ExactlyOnce)
        {
            throw new MqttProtocolException(ReasonCode.QosNotSupported, "The highest QoS here is 1."); // [MQTT-3.2.2-12]
        }

        if (version == MqttVersion.V500 && will.Retain)
        {
            throw new MqttProtocolException(ReasonCode.RetainNotSupported, "Retained messages are not offered."); // [MQTT-3.2.2-13]
        }

        if (Check(will.Topic, will.Payload, will.Properties, out _) is var (reason, why))
        {
            throw new MqttProtocolException(reason, why);
        }
    }

    /// <summary>
    /// A will is a message like any other. Sessions end with their connection here, so it is due at once, whatever its
    /// delay (section 3.1.3.2.2).
    /// </summary>
    private async Task PublishWill(Will will)
    {
        _arrived = _edge.Time.GetUtcNow();
        _ = Check(will.Topic, will.Payload, will.Properties, out var ownTime);
        try
        {
            var result = await _device!.Grain.Publish([Message(will.Topic, will.Payload, ownTime)]);
            if (!result.Failures.IsEmpty)
            {
                LogWillRefused(_device.Id, result.Failures[0].Message);
            }
        }
        catch (Exception e)
        {
            LogWillFailed(_device!.Id, e);
        }
    }
}
