using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Grains.Telemetry;
using OrleansIoT.History;
using OrleansIoT.History.Numbers;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// Reentrant, so that appends of many devices wait for the same commit instead of for one another. What must not
/// interleave has no await in between: numbers are given and the append is queued in one turn.
/// </summary>
[Reentrant]
[CollectionAgeLimit(Minutes = 2)] // it wakes with one look-up, and topics can be many
public sealed partial class TopicGrain(
    ITelemetryHistory history,
    Routes routes,
    AcknowledgedReadings acknowledged,
    IOptions<GrainsOptions> options,
    TimeProvider clock,
    ILogger<TopicGrain> logger)
    : TenantGrain, ITopicGrain, IDisposable
{
    /// <summary>The largest payload of a latest reading that is kept in memory, in bytes; larger ones are read when asked for.</summary>
    private const int LargestKept = 256;

    private const string Readers = "the role viewer, operator or admin";

    private long _lastSeq;

    /// <summary>The greatest position that is durable, or null before the first reading.</summary>
    private TelemetryPosition? _latestAt;

    /// <summary>The reading there, unless it is large; it need not have its number.</summary>
    private TelemetryMessage? _latest;

    /// <summary>The append that was queued last. Appends become durable in order, so when it is done all are.</summary>
    private Task _lastAppend = Task.CompletedTask;
    private bool _givesWay;
    private bool _isTransient;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _isTransient = options.Value.IsTransient(Key.Name);
        _tenantRoutes = routes.Of(Key.Tenant);
        var tail = await history.ReadTopicTail(KeyText, cancellationToken);
        _lastSeq = tail.LastSeq;
        IsDurable(tail.LastSeq);
        if (tail.Latest is { } latest)
        {
            Keep(latest, latest.Seq);
            _newest = latest.At.UtcTicks;
        }
    }

    public Task<int> Append(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable)
    {
        Demand(Permissions.MayAppend);
        return routes.IsCurrent ? AppendNow(messages, session, isDurable) : AppendLater(messages, session, isDurable);
    }

    public async Task<TelemetryMessage?> Latest()
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        return !HasHistory() || _latestAt is not { } at ? null
            : _latest is { } latest ? latest with { Seq = at.Seq }
            : (await history.ReadTopicTail(KeyText)).Latest;
    }

    public async Task<TelemetryPage?> Read(TelemetryQuery query)
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        CheckRange(query.Start, query.End);
        CheckCount("limit", query.Limit, TelemetryQuery.MaxLimit);
        var lastSeq = _durableSeq; // of before it is read
        return HasHistory() ? await history.Read(KeyText, query) with { LastSeq = lastSeq } : null;
    }

    public async Task<AggregatePage?> Aggregate(AggregateQuery query)
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        CheckRange(query.Start, query.End);
        CheckCount("limit", query.Limit, AggregateQuery.MaxLimit);
        var aggregation = new BucketAggregation(BucketCalendar.Of(query.Every, query.TimeZone), query.Limit);
        if (!HasHistory())
        {
            return null;
        }

        var lastSeq = _durableSeq;
        var dropped = await ReadNumbers(new NumberQuery(query.Start, query.End, NumberField.Parse(query.Field), query.AsOf), aggregation);
        return aggregation.Page(dropped) with { LastSeq = lastSeq };
    }

    public async Task<PointPage?> Points(PointQuery query)
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        CheckRange(query.Start, query.End);
        CheckCount("points", query.Columns, PointQuery.MaxColumns);
        var selection = new PointSelection(query.Start, query.End, query.Columns);
        if (!HasHistory())
        {
            return null;
        }

        var lastSeq = _durableSeq;
        var dropped = await ReadNumbers(new NumberQuery(query.Start, query.End, NumberField.Parse(query.Field), query.AsOf), selection);
        return selection.Page(dropped) with { LastSeq = lastSeq };
    }

    public void Dispose() => _lookUp.Dispose();

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such topic.");

    /// <summary>
    /// Who has subscribed on another silo by now hears this. What has come meanwhile, the same once more among it, is looked at by everybody
    /// who has waited.
    /// </summary>
    private async Task<int> AppendLater(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable)
    {
        while (!routes.IsCurrent)
        {
            await routes.BecomeCurrent();
        }

        return await AppendNow(messages, session, isDurable);
    }

    /// <exception cref="FailureException">Conflict: a topic without a history cannot tell whether it had this, and may not deliver it twice.</exception>
    private Task<int> AppendNow(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable) =>
        _isTransient && messages.Any(message => message is { IsRepeat: true, Qos: Qos.ExactlyOnce })
            ? Task.FromException<int>(new FailureException(Failure.Conflict, "It may have been delivered, and this topic keeps no history to see. Send it again with DUP."))
            : MayBeKnown(messages) ? AppendUnknown(messages, session, isDurable) : Store(messages, session, isDurable);

    /// <summary>In one turn up to the numbers and the queued append: nobody comes between a look-up and these.</summary>
    /// <returns>How many of the messages are in the history already.</returns>
    private async Task<int> Store(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable)
    {
        if (_givesWay)
        {
            throw new FailureException(Failure.Conflict, "The topic goes on in another activation. Send it again.");
        }

        int stored = 0, latest = -1;
        var first = _lastSeq + 1;
        long latestSeq = 0;
        var isPlain = true;
        for (var i = 0; i < messages.Length; i++)
        {
            var message = messages[i];
            isPlain &= !message.Retain && (message.Qos != Qos.ExactlyOnce || !isDurable);
            if (message.IsStored)
            {
                stored++;
            }
            else if (!_isTransient)
            {
                _lastSeq++;
                if (latest < 0 || message.At >= messages[latest].At)
                {
                    (latest, latestSeq) = (i, _lastSeq);
                }
            }
        }

        if (latest >= 0)
        {
            _newest = Math.Max(_newest, messages[latest].At.UtcTicks);
        }

        var last = _lastSeq;
        var distribution = Distribute(messages, session, latest < 0 ? null : first);
        try
        {
            ImmutableArray<long> numbers = [];
            if (latest >= 0 || !isPlain || distribution is { Queued.Count: > 0 })
            {
                var append = history.Append(KeyText, first, messages, EffectsOf(distribution, messages, session, isDurable));
                _lastAppend = append;
                numbers = await append;
            }

            distribution?.Succeeded(numbers);
        }
        catch (Exception e)
        {
            // What was numbered and not stored would leave a gap: another activation reads where the history ends.
            _givesWay = true;
            DeactivateOnIdle();
            distribution?.Failed();
            Deliver();
            throw e switch
            {
                FailureException => e,

                // Another activation has numbered readings meanwhile, as after a split; or what stood before these failed.
                SequenceConflictException => new FailureException(Failure.Conflict, "The topic has gone on elsewhere. Send it again.", e),
                _ => Unavailable(e),
            };
        }

        if (latest >= 0)
        {
            IsDurable(last);
            acknowledged.Add(KeyText, messages[latest], latestSeq);
            var candidate = new TelemetryPosition(messages[latest].At, latestSeq);
            if (_latestAt is null || candidate > _latestAt)
            {
                Keep(messages[latest], latestSeq);
            }
        }

        Deliver();
        return stored;
    }

    /// <summary>A device may publish large readings to ever new topics; what memory holds of each topic is small.</summary>
    private void Keep(TelemetryMessage latest, long seq)
    {
        _latestAt = new TelemetryPosition(latest.At, seq);
        _latest = latest.Payload.Length <= LargestKept ? latest : null;
    }

    private Task<DroppedReadings?> ReadNumbers(NumberQuery query, INumberSink sink) =>
        history.ReadNumbers(KeyText, query, sink);

    /// <summary>
    /// Whether a reading was ever stored here, though retention may have dropped them all. A topic that is not granted to the
    /// caller has none.
    /// </summary>
    private bool HasHistory()
    {
        ForgetUnwritten();
        return _lastSeq > 0 && Permissions.MayReadTopic(Caller.Current!, Key.Tenant, Key.Name);
    }

    private static void CheckRange(DateTimeOffset start, DateTimeOffset end)
    {
        if (start >= end)
        {
            throw new FailureException(Failure.Invalid, "The range is half-open: its start comes before its end.");
        }
    }

    private static void CheckCount(string name, int count, int max)
    {
        if (count < 1 || count > max)
        {
            throw new FailureException(Failure.Invalid, $"{name} is 1 to {max}.");
        }
    }

    /// <summary>Topics that were only asked for do not stay in memory.</summary>
    private void ForgetUnwritten()
    {
        if (_lastSeq == 0 && !IsWatched)
        {
            DeactivateOnIdle();
        }
    }

    private static FailureException Unavailable(Exception? cause) =>
        new(Failure.Unavailable, "The reading could not be stored. Send it again.", cause);
}
