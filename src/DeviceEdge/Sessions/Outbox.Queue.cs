using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The durable queue: its messages are fetched when there is room, and sent with the identifiers of their numbers.</summary>
internal sealed partial class Outbox
{
    /// <summary>With the gate held.</summary>
    private void StartFetching()
    {
        if (!_isClosed && _backlog.TryFetch(out var after, out var count))
        {
            _ = Fetch(after, count);
        }
    }

    private async Task Fetch(long after, int count)
    {
        try
        {
            await Task.Yield(); // the gate is held
            var page = await _grain.Queue(after, count);
            lock (_gate)
            {
                _backlog.Fetched(page);
            }

            Flush();
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private bool TryWriteQueued(ref int written)
    {
        if (!_backlog.TryPeek(out var queued))
        {
            return false;
        }

        var id = InFlight.IdOf(queued.Number);
        if (!_inFlight.IsFree(id))
        {
            return false; // of a number 65,535 before this one
        }

        if (queued.Message is not { } message)
        {
            _inFlight.ReleasedBefore(queued.Number);
            WriteRelease(id, ref written);
            _backlog.Remove();
            return true;
        }

        // What has been sent before is sent again, expired or not: its delivery has begun [MQTT-4.4.0-1].
        var dup = queued.Number <= _sentBefore && queued.Qos != Qos.AtMostOnce;
        if (IsExpired(message, out var expiresIn) && !dup)
        {
            Settle(new Settlement(queued.Number, IsComplete: true));
            _backlog.Remove();
            return true;
        }

        if (queued.Qos != Qos.AtMostOnce && !_inFlight.HasRoom)
        {
            return false;
        }

        var size = _writer.Write(
            _outgoing.Output,
            message,
            new PublishHeader(
                queued.Qos, queued.Retain, dup, queued.Qos == Qos.AtMostOnce ? (ushort)0 : id, expiresIn, queued.SubscriptionIds));
        written += size;
        if (size > 0)
        {
            _sent = Math.Max(_sent, queued.Number);
        }

        if (size > 0 && queued.Qos != Qos.AtMostOnce)
        {
            _inFlight.Sent(id, queued.Number, queued.Qos);
        }
        else
        {
            Settle(new Settlement(queued.Number, IsComplete: true)); // too large for the client [MQTT-3.1.2-25], or QoS 0
        }

        _backlog.Remove();
        return true;
    }
}
