using System.Collections.Immutable;
using OrleansIoT.History;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Topics;

public sealed partial class TopicGrain
{
    /// <summary>An edge that has not taken so many bytes is taken for dead; what it misses waits in the durable queues.</summary>
    private const long MaxUnderWay = 64 * 1024 * 1024;

    /// <summary>Bytes of one call to an edge, about.</summary>
    private const long MostAtOnce = 256 * 1024;

    /// <summary>With pauses that grow it comes to more than it takes to find that an edge is dead.</summary>
    private const int MostAttempts = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private TenantRoutes _tenantRoutes = null!;

    /// <summary>The subscriptions' version that the audience is of; 0 before the first append.</summary>
    private long _audienceVersion;

    /// <summary>Null when nobody listens.</summary>
    private Audience? _audience;

    /// <summary>
    /// What was appended and not delivered yet, in the order of the appends. They become durable in this order, but who
    /// waits for them may wake in another.
    /// </summary>
    private Queue<Distribution>? _undelivered;

    /// <summary>In a cluster, what the edges that are being told something have to be told next.</summary>
    private Dictionary<EdgeRoute, List<Delivery>>? _waiting;

    /// <summary>Who gets the messages, or null for nobody. A topic without subscribers and watchers pays for two comparisons.</summary>
    private Distribution? Distribute(ImmutableArray<TelemetryMessage> messages, string session, long? firstSeq)
    {
        if (_audienceVersion != _tenantRoutes.Version)
        {
            var audience = _tenantRoutes.Match(Key.Name);
            _audienceVersion = audience.Version;
            _audience = audience.IsEmpty ? null : audience;
        }

        if (_audience is null && !IsWatched)
        {
            return null;
        }

        var distribution = new Distribution(Key.Tenant, session, messages, firstSeq, _audience ?? Audience.Nobody);
        (_undelivered ??= new()).Enqueue(distribution);
        return distribution;
    }

    /// <summary>What has to become durable with the messages, or null for nothing.</summary>
    private AppendEffects? EffectsOf(
        Distribution? distribution, ImmutableArray<TelemetryMessage> messages, string session, bool isDurable)
    {
        List<ushort>? received = null;
        if (isDurable)
        {
            foreach (var message in messages)
            {
                if (message is { Qos: Qos.ExactlyOnce, PacketId: not 0 })
                {
                    (received ??= []).Add(message.PacketId);
                }
            }
        }

        return received is null && distribution is not { Queued.Count: > 0 } && !_isTransient
            ? null
            : new AppendEffects(
                distribution?.Queued ?? [],
                received is null ? null : ($"{Key.Tenant}/{session}", received),
                _isTransient);
    }

    /// <summary>Tells the edges of all that is decided, up to the first append that is not. Waits for none of them.</summary>
    private void Deliver()
    {
        while (_undelivered is not null && _undelivered.TryPeek(out var next) && next.IsDecided)
        {
            _undelivered.Dequeue();
            if (next.HasSucceeded)
            {
                Tell(next);
            }

            foreach (var (edge, delivery) in next.Deliveries(mayBeLost: routes.IsOfCluster))
            {
                if (edge.UnderWay > MaxUnderWay)
                {
                    if (edge.IsFailing(true))
                    {
                        LogEdgeStuck(logger, edge.UnderWay);
                    }
                }
                else if (routes.IsOfCluster)
                {
                    InOrder(edge, delivery);
                }
                else
                {
                    _ = Deliver(edge, delivery);
                }
            }
        }
    }

    /// <summary>Calls of one caller to one observer arrive in the order in which they were made, so nothing needs to wait.</summary>
    private async Task Deliver(EdgeRoute edge, Delivery delivery)
    {
        var bytes = SizeOf(delivery);
        edge.Sending(bytes);
        try
        {
            await edge.Edge.Deliver([delivery], 0);
            edge.IsFailing(false);
        }
        catch (Exception e)
        {
            OnFailure(edge, e);
        }
        finally
        {
            edge.Taken(bytes);
        }
    }

    /// <summary>
    /// Over a network a call may be lost and made again, and would be overtaken by the next one [MQTT-4.6.0-6]. So an edge is
    /// told one thing at a time, and what comes meanwhile is told together.
    /// </summary>
    private void InOrder(EdgeRoute edge, Delivery delivery)
    {
        edge.Sending(SizeOf(delivery));
        if ((_waiting ??= []).TryGetValue(edge, out var waiting))
        {
            waiting.Add(delivery);
        }
        else
        {
            _waiting.Add(edge, waiting = [delivery]);
            _ = DeliverWaiting(edge, waiting);
        }
    }

    private async Task DeliverWaiting(EdgeRoute edge, List<Delivery> waiting)
    {
        while (waiting.Count > 0)
        {
            var deliveries = Take(waiting);
            try
            {
                await DeliverAgain(edge, deliveries);
                edge.IsFailing(false);
            }
            catch (Exception e)
            {
                OnFailure(edge, e);
            }
            finally
            {
                edge.Taken(deliveries.Sum(SizeOf));
            }
        }

        _waiting!.Remove(edge);
    }

    /// <summary>One call's worth, from the front.</summary>
    private static ImmutableArray<Delivery> Take(List<Delivery> waiting)
    {
        var (count, bytes) = (0, 0L);
        while (count < waiting.Count && bytes < MostAtOnce)
        {
            bytes += SizeOf(waiting[count++]);
        }

        ImmutableArray<Delivery> taken = [.. waiting.GetRange(0, count)];
        waiting.RemoveRange(0, count);
        return taken;
    }

    /// <summary>
    /// The silo that it goes by may die: it is sent again until the edge has it, or is dead and has no connections any more.
    /// </summary>
    private static async Task DeliverAgain(EdgeRoute edge, ImmutableArray<Delivery> deliveries)
    {
        var number = Random.Shared.NextInt64(1, long.MaxValue);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await edge.Edge.Deliver(deliveries, number);
                return;
            }
            catch (Exception) when (attempt < MostAttempts && !edge.IsGone)
            {
                await Task.Delay(Pause * attempt);
            }
        }
    }

    private void OnFailure(EdgeRoute edge, Exception e)
    {
        if (edge.IsFailing(true))
        {
            LogEdgeFailed(logger, Key.ToString(), e);
        }
    }

    private static long SizeOf(Delivery delivery) => delivery.Messages.Sum(message => (long)message.Payload.Length) + 1;
}
