using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>What is stored against what was sent.</summary>
internal static class History
{
    /// <summary>C1.</summary>
    public static IEnumerable<string> Lost(Evidence evidence)
    {
        var stored = Ids(evidence);
        return from publication in evidence.Publications
               where publication.Outcome == Outcome.Ok && !stored.Contains(publication.Message)
               select $"{publication.Message} was acknowledged at {publication.Ended:c} and is not stored";
    }

    /// <summary>C1, while it happens.</summary>
    public static IEnumerable<string> Unreadable(Evidence evidence) =>
        from look in evidence.Operations.OfType<Look>()
        where look.Outcome == Outcome.Fail || (look.Outcome == Outcome.Ok && !(look.Seen >= look.AtLeast))
        select $"{look.Topic} showed {look.Seen?.ToString() ?? "nothing"} at {look.Ended:c}, when {look.AtLeast} had been acknowledged";

    /// <summary>C2.</summary>
    public static IEnumerable<string> Invented(Evidence evidence)
    {
        var sent = evidence.Publications.Select(publication => publication.Message).ToHashSet();
        return from reading in evidence.Stored
               where reading.Message is not { } message || !sent.Contains(message) || !reading.IsIntact
                   || message.Topic != reading.Topic || message.Tenant != reading.Tenant
               select $"{reading.Tenant}:{reading.Topic} has at {reading.Seq} what was never sent there as it is ({reading.Message})";
    }

    /// <summary>C3.</summary>
    public static IEnumerable<string> Doubled(Evidence evidence) =>
        from reading in evidence.Stored
        group reading by (reading.Tenant, reading.Topic, reading.Message) into same
        where same.Key.Message is not null && same.Count() > 1
        select $"{same.Key.Message} is stored {same.Count()} times, at {string.Join(", ", same.Select(reading => reading.Seq))}";

    /// <summary>
    /// C4. Of messages that were published once: what was refused and sent anew later comes later. Numbers of readings rise in
    /// the order of the acknowledgements, and none is there twice.
    /// </summary>
    public static IEnumerable<string> Disordered(Evidence evidence)
    {
        var once = evidence.Messages.Where(tries => tries.Count() == 1).Select(tries => tries.Key).ToHashSet();
        foreach (var topic in evidence.Stored.GroupBy(reading => (reading.Tenant, reading.Topic)))
        {
            foreach (var twice in topic.GroupBy(reading => reading.Seq).Where(same => same.Count() > 1))
            {
                yield return $"{topic.Key.Tenant}:{topic.Key.Topic} has {twice.Count()} readings with the number {twice.Key}";
            }

            Reading? before = null;
            foreach (var reading in topic.OrderBy(reading => reading.Seq).Where(reading => reading.Message is { } message && once.Contains(message)))
            {
                if (before?.Message!.Value.Number > reading.Message!.Value.Number)
                {
                    yield return $"{reading.Message} is stored at {reading.Seq}, behind {before.Message} at {before.Seq}";
                }

                before = reading;
            }
        }
    }

    /// <summary>C5.</summary>
    public static IEnumerable<string> RefusedAndThere(Evidence evidence)
    {
        var stored = Ids(evidence);
        var delivered = evidence.Subscribers.SelectMany(subscriber => subscriber.Deliveries)
            .Select(delivery => delivery.Message).OfType<MessageId>().ToHashSet();
        return from tries in evidence.Messages
               where tries.All(publication => publication.Outcome == Outcome.Fail)
                   && (stored.Contains(tries.Key) || delivered.Contains(tries.Key))
               select $"{tries.Key} was refused ({tries.First().Answer}) and is {(stored.Contains(tries.Key) ? "stored" : "delivered")}";
    }

    private static HashSet<MessageId> Ids(Evidence evidence) => [.. evidence.Stored.Select(reading => reading.Message).OfType<MessageId>()];
}
