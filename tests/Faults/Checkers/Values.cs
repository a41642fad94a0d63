using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>Registers of one writer, whose values rise: linearizable if no read is older than what was written or read before it began.</summary>
internal static class Values
{
    /// <summary>C9.</summary>
    public static IEnumerable<string> WentBack(Evidence evidence)
    {
        foreach (var register in evidence.Operations.OfType<RegisterOperation>().GroupBy(operation => operation.Register))
        {
            var known = register.Where(operation => operation is { Outcome: Outcome.Ok, Ended: not null }).OrderBy(operation => operation.Ended).ToList();
            foreach (var read in known.Where(operation => !operation.IsWrite))
            {
                var least = known.TakeWhile(operation => operation.Ended < read.Begun).Select(operation => operation.Value).DefaultIfEmpty().Max();
                if (read.Value < least)
                {
                    yield return $"{register.Key} was {read.Value} at {read.Ended:c}, and had been {least} before";
                }

                // One whose answer was lost may have been written.
                var most = register.Where(operation => operation.IsWrite && operation.Begun <= read.Ended).Select(operation => operation.Value).DefaultIfEmpty().Max();
                if (read.Value > most)
                {
                    yield return $"{register.Key} was {read.Value} at {read.Ended:c}, which nobody had written";
                }
            }
        }
    }
}
