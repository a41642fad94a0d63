using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>Retained messages for new subscriptions: page after page, as there is room for them.</summary>
internal sealed partial class Outbox
{
    private Queue<Subscription>? _unretained;
    private TaskCompletionSource? _room;

    /// <summary>
    /// Fetches the retained messages of a subscription and sends them with the RETAIN flag [MQTT-3.3.1-8]. For a durable
    /// session only those of QoS 0: the others stand in its queue.
    /// </summary>
    public void SendRetained(Subscription subscription)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            if (_unretained is { } waiting)
            {
                waiting.Enqueue(subscription);
                return;
            }

            _unretained = new Queue<Subscription>([subscription]);
        }

        _ = FetchRetained();
    }

    private async Task FetchRetained()
    {
        try
        {
            await Task.Yield(); // who subscribes does not wait
            _grain.Caller.Enter();
            while (TryTakeUnretained() is { } subscription)
            {
                try
                {
                    await FetchRetained(subscription);
                }
                catch (FailureException failure) when (failure.Failure == Failure.Forbidden)
                {
                    // UNSUBSCRIBE has overtaken it: nobody wants the rest.
                }
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private async Task FetchRetained(Subscription subscription)
    {
        for (string? from = ""; from is not null && !_isClosed;)
        {
            var page = await _grain.Client.Retained(_grain.ConnectionId, subscription.Filter, from.Length == 0 ? null : from);
            foreach (var message in page.Messages)
            {
                var qos = (Qos)Math.Min((int)message.Qos, (int)subscription.MaximumQos);
                if (qos == Qos.AtMostOnce || !_isDurable)
                {
                    Deliver(new Outbound(message, qos, Retain: true, subscription.Identifier == 0 ? [] : [subscription.Identifier]));
                    await Room();
                }
            }

            Flush();
            from = page.Next;
        }
    }

    private Subscription? TryTakeUnretained()
    {
        lock (_gate)
        {
            if (!_isClosed && _unretained!.TryDequeue(out var subscription))
            {
                return subscription;
            }

            _unretained = null;
            return null;
        }
    }

    /// <summary>Complete when what waits in memory is not half of what may: the rest is for what is published.</summary>
    private Task Room()
    {
        Task room;
        lock (_gate)
        {
            if (_isClosed || _memory.IsHalfEmpty)
            {
                return Task.CompletedTask;
            }

            room = (_room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        Flush();
        return room;
    }

    /// <summary>With the gate held.</summary>
    private void MakeRoom()
    {
        if (_room is { } room && _memory.IsHalfEmpty)
        {
            _room = null;
            room.TrySetResult();
        }
    }
}
