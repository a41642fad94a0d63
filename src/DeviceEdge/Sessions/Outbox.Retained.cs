using System.Collections.Immutable;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>Retained messages for new subscriptions: page after page, as there is room for them.</summary>
internal sealed partial class Outbox
{
    private Queue<(Subscription Subscription, RetainedPage First)>? _unretained;
    private TaskCompletionSource? _room;

    /// <summary>
    /// Sends the retained messages of a subscription with the RETAIN flag [MQTT-3.3.1-8]: those of the first page before what
    /// is published from now on, the others page by page. For a durable session only those of QoS 0: the others stand in its queue.
    /// </summary>
    public void SendRetained(Subscription subscription, RetainedPage first)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            if (_unretained is { } waiting)
            {
                waiting.Enqueue((subscription, first));
                return;
            }

            _unretained = new([(subscription, first)]);
        }

        _ = SendRetained();
    }

    private async Task SendRetained()
    {
        try
        {
            while (TryTakeUnretained() is var (subscription, first))
            {
                try
                {
                    await SendRetained(subscription, first, subscription.Identifier == 0 ? [] : [subscription.Identifier]);
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

    private async Task SendRetained(Subscription subscription, RetainedPage page, ImmutableArray<uint> identifiers)
    {
        while (true)
        {
            foreach (var message in page.Messages)
            {
                var qos = (Qos)Math.Min((int)message.Qos, (int)subscription.MaximumQos);
                if (qos == Qos.AtMostOnce || !_isDurable)
                {
                    Deliver(new Outbound(message, qos, Retain: true, identifiers));
                    await Room();
                }
            }

            Flush();
            if (page.Next is null || _isClosed)
            {
                return;
            }

            page = await _grain.Retained(subscription.Filter, page.Next);
        }
    }

    private (Subscription Subscription, RetainedPage Page)? TryTakeUnretained()
    {
        lock (_gate)
        {
            if (!_isClosed && _unretained!.TryDequeue(out var next))
            {
                return next;
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
