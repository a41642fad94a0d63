using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>What the server remembers of its clients.</summary>
internal static class Sessions
{
    /// <summary>C7.</summary>
    public static IEnumerable<string> Gone(Evidence evidence) =>
        from resumption in evidence.Resumptions
        where resumption.Refusal is not null || !resumption.SessionPresent
        select resumption.Refusal is { } why
            ? $"{resumption.Client} was refused at {resumption.At:c}: {why}"
            : $"{resumption.Client} came back at {resumption.At:c}, and its session was gone";

    /// <summary>C8.</summary>
    public static IEnumerable<string> RetainedTooOld(Evidence evidence)
    {
        var states = evidence.Publications.Where(publication => publication.IsRetained)
            .ToLookup(publication => (publication.Message.Tenant, publication.Message.Topic));
        foreach (var retained in evidence.Retained)
        {
            var sent = states[(retained.Tenant, retained.Topic)].ToList();
            var last = sent.Where(publication => publication.Outcome == Outcome.Ok).Select(publication => publication.Message.Number).DefaultIfEmpty().Max();

            // Several that are under way together may be taken in any order where one of them is sent anew.
            var alone = sent.Where(publication => publication.Message.Number <= last)
                .GroupBy(publication => publication.Message).All(tries => tries.Count() == 1);
            if (last > 0 && retained.Message is null)
            {
                yield return $"{retained.Tenant}:{retained.Topic} retains nothing, and {last} was acknowledged";
            }
            else if (retained.Message is { } message
                && (!sent.Exists(publication => publication.Message == message) || (alone && message.Number < last)))
            {
                yield return $"{retained.Tenant}:{retained.Topic} retains {message}, and {last} was acknowledged";
            }
        }
    }
}
