using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Telemetry;
using OrleansIoT.Failures;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// SUBSCRIBE and UNSUBSCRIBE. What follows them is not read before they are answered, so that they count in their order.
/// </summary>
internal sealed partial class DeviceSession
{
    private Dictionary<string, Subscription>? _subscriptions;

    /// <summary>Those that the session has, by filter.</summary>
    private Dictionary<string, Subscription> Subscriptions => _subscriptions ??= [];

    private async ValueTask HandleSubscribe(SubscribePacket subscribe)
    {
        CountRequest();
        StartPublishing(); // what came before does not wait
        var identifier = subscribe.Properties.SubscriptionIdentifiers is [var id] ? id : 0;
        var asked = ImmutableArray.CreateBuilder<Subscription>();
        var places = new List<int>(); // of what is asked for, among the filters of the packet
        var replaced = new List<Subscription?>();
        var refusals = new Refusal?[subscribe.Subscriptions.Length];
        for (var i = 0; i < refusals.Length; i++)
        {
            var subscription = subscribe.Subscriptions[i] with { Identifier = identifier };
            refusals[i] = Check(subscription.Filter);
            if (refusals[i] is null)
            {
                asked.Add(subscription);
                places.Add(i);
                replaced.Add(Subscriptions.GetValueOrDefault(subscription.Filter));
                Set(subscription); // before it counts: from that moment on nothing is missed
            }
        }

        var last = 0L;
        var wanted = asked.DrainToImmutable();
        var retained = new List<Subscription>();
        if (!wanted.IsEmpty)
        {
            if (await Ask(_claim!.Grain.Subscribe(_grain!.CalledAs, wanted), nameof(IClientGrain.Subscribe)) is not var (result, failure))
            {
                return;
            }

            last = result?.Last ?? 0;
            for (var i = wanted.Length - 1; i >= 0; i--) // backwards, because one packet may name a filter twice
            {
                var outcome = result?.Outcomes[i] ?? new SubscribeOutcome(failure!.Failure, failure.Message, SendsRetained: false);
                if (outcome.Failure is { } why)
                {
                    refusals[places[i]] = new Refusal(ReasonCodes.OfSubscribe(why), outcome.Why ?? "This subscription is not granted.");
                    Restore(wanted[i].Filter, replaced[i]);
                }
                else if (outcome.SendsRetained)
                {
                    retained.Insert(0, wanted[i]);
                }
            }
        }

        var firstPages = new List<RetainedPage>(retained.Count);
        foreach (var subscription in retained)
        {
            if (await Ask(_claim!.Grain.Retained(_grain!.CalledAs, subscription.Filter, from: null), nameof(IClientGrain.Retained)) is not var (page, failure))
            {
                return;
            }

            if (failure is { Failure: not Failure.Forbidden }) // not allowed means not subscribed any more
            {
                LogCallFailed(nameof(IClientGrain.Retained), failure);
                End(Ending.Undeliverable); // the subscription is made, and what belongs to it is missing
                return;
            }

            firstPages.Add(page ?? new RetainedPage([], Next: null));
        }

        await _outgoing.Send(new SubAckPacket
        {
            PacketId = subscribe.PacketId, // [MQTT-3.8.4-1], [MQTT-3.8.4-2]
            Reasons = [.. refusals.Select((refusal, i) => refusal?.Reason ?? (ReasonCode)subscribe.Subscriptions[i].MaximumQos)],
            Properties = Properties.Because(Array.Find(refusals, refusal => refusal is not null)?.Why),
        });
        for (var i = 0; i < retained.Count; i++)
        {
            _subscriber!.Outbox.SendRetained(retained[i], firstPages[i]);
        }

        if (last > 0)
        {
            _subscriber!.Outbox.QueueGrew(last);
        }
    }

    private async ValueTask HandleUnsubscribe(UnsubscribePacket unsubscribe)
    {
        CountRequest();
        StartPublishing();
        if (await Ask(_claim!.Grain.Unsubscribe(_grain!.CalledAs, unsubscribe.Filters), nameof(IClientGrain.Unsubscribe)) is not var (existed, failure))
        {
            return;
        }

        if (failure is null)
        {
            foreach (var filter in unsubscribe.Filters)
            {
                Restore(filter, null); // [MQTT-3.10.4-2]
            }
        }
        else if (_outgoing.Version == MqttVersion.V311)
        {
            End(Ending.Unknown); // UNSUBACK could only say that it is done
            return;
        }

        await _outgoing.Send(new UnsubAckPacket
        {
            PacketId = unsubscribe.PacketId, // [MQTT-3.10.4-4], [MQTT-3.10.4-5]
            Reasons = failure is null
                ? [.. existed.Select(did => did ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted)]
                : [.. unsubscribe.Filters.Select(_ => ReasonCode.ImplementationSpecificError)],
            Properties = Properties.Because(failure?.Message),
        });
    }

    /// <returns>Null if there is no answer, and the connection ends.</returns>
    private async Task<(T? Answer, FailureException? Failure)?> Ask<T>(Task<T> call, string method)
    {
        try
        {
            return await HasAnswer(call) ? (await call, null) : null;
        }
        catch (FailureException failure) when (failure.Failure != Failure.NotSignedIn)
        {
            return (default, failure);
        }
        catch (FailureException)
        {
            EndUnknown();
        }
        catch (Exception e)
        {
            LogCallFailed(method, e);
            End(Ending.Unknown);
        }

        return null;
    }

    /// <summary>What can be seen without the client's grain.</summary>
    private Refusal? Check(string filter)
    {
        var topics = filter;
        if (filter.StartsWith("$share/", StringComparison.Ordinal))
        {
            if (!SharedFilter.TryParse(filter, out var shared))
            {
                return new Refusal(ReasonCode.TopicFilterInvalid, "A shared subscription is $share/{name}/{filter}, the name without '+' and '#'."); // [MQTT-4.8.2-1], [MQTT-4.8.2-2]
            }

            topics = shared.Filter;
        }

        return !TopicFilter.IsValid(topics, out var why) || !_edge.Messages.IsWithinLimits(topics, out why)
            ? new Refusal(ReasonCode.TopicFilterInvalid, why)
            : null;
    }

    private void Set(Subscription subscription)
    {
        Subscriptions[subscription.Filter] = subscription;
        _edge.Deliveries.Subscribe(_subscriber!, subscription);
    }

    private void Restore(string filter, Subscription? before)
    {
        if (before is not null)
        {
            Set(before);
        }
        else if (Subscriptions.Remove(filter))
        {
            _edge.Deliveries.Unsubscribe(_subscriber!, filter);
        }
    }
}
