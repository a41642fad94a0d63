using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Nemesis;

/// <summary>How long it took until all was as before.</summary>
/// <param name="Injection">After which fault.</param>
/// <param name="First">From its beginning to the first acknowledgement of a message that was sent after it.</param>
/// <param name="Stalled">How many messages waited for longer than <see cref="Patience"/> because of it.</param>
/// <param name="Messages">From its beginning until none did any more; zero if none ever did.</param>
/// <param name="Requests">The same of requests to gateways, those without an answer among them.</param>
public sealed record Recovery(Injection Injection, TimeSpan? First, int Stalled, TimeSpan Messages, TimeSpan Requests)
{
    /// <summary>What takes longer has been held up.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Of each fault, from what the clients saw.</summary>
    public static IReadOnlyList<Recovery> Of(IReadOnlyList<Injection> injections, IReadOnlyList<Operation> operations)
    {
        var faults = injections.OrderBy(injection => injection.Began).ToList();
        var messages = Waits(operations.OfType<Publication>().GroupBy(publication => publication.Message)
            .Where(tries => tries.Any(publication => publication.Outcome != Outcome.Fail))
            .Select(tries => (
                Begun: tries.Min(publication => publication.Begun),
                Ended: tries.Where(publication => publication.Outcome == Outcome.Ok).Min(publication => publication.Ended))));
        var requests = Waits(operations.OfType<Request>().Select(request => (request.Begun, request.Ended)))
            .Concat(operations.OfType<Request>().Where(request => request.Outcome == Outcome.Info && request.Ended is not null)
                .Select(request => (request.Begun, request.Ended!.Value)))
            .ToLookup(wait => CauseOf(faults, wait));
        var stalled = messages.ToLookup(wait => CauseOf(faults, wait));
        var acknowledged = operations.OfType<Publication>()
            .Where(publication => publication is { Outcome: Outcome.Ok, Ended: not null })
            .OrderBy(publication => publication.Begun).ToList();
        return
        [
            .. faults.Select((injection, i) => new Recovery(
                injection,
                FirstAfter(injection.Began, acknowledged),
                stalled[i].Count(),
                Until(injection, stalled[i]),
                Until(injection, requests[i]))),
        ];
    }

    private static IEnumerable<(TimeSpan Begun, TimeSpan Ended)> Waits(IEnumerable<(TimeSpan Begun, TimeSpan? Ended)> operations) =>
        from operation in operations
        where operation.Ended is { } ended && ended - operation.Begun > Patience
        select (operation.Begun, operation.Ended!.Value);

    /// <summary>The fault that was there when it began; else the one that came while it waited; else the one before.</summary>
    private static int CauseOf(List<Injection> faults, (TimeSpan Begun, TimeSpan Ended) wait)
    {
        var before = faults.FindLastIndex(fault => fault.Began <= wait.Begun);
        if (before >= 0 && (faults[before].Ended is not { } ended || ended > wait.Begun))
        {
            return before;
        }

        var during = faults.FindIndex(fault => fault.Began > wait.Begun && fault.Began <= wait.Ended);
        return during >= 0 ? during : before;
    }

    private static TimeSpan? FirstAfter(TimeSpan began, List<Publication> acknowledged)
    {
        TimeSpan? first = null;
        foreach (var publication in acknowledged.Where(publication => publication.Begun >= began))
        {
            if (publication.Begun > first)
            {
                break; // those that follow cannot have been faster
            }

            first = first is { } soonest && soonest < publication.Ended ? soonest : publication.Ended;
        }

        return first - began;
    }

    private static TimeSpan Until(Injection injection, IEnumerable<(TimeSpan Begun, TimeSpan Ended)> waits) =>
        waits.Select(wait => wait.Ended - injection.Began).Append(TimeSpan.Zero).Max();
}
