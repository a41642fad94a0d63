namespace OrleansIoT.Faults.Nemesis;

/// <summary>Which fault comes when, to whom, and for how long. The same seed is the same schedule.</summary>
public static class Schedule
{
    /// <param name="plans">What can happen; each does before any does again.</param>
    /// <param name="processes">The names of the processes of a role; none, and its faults are left out.</param>
    /// <param name="period">From one fault to the next.</param>
    /// <param name="duration">How long there are faults.</param>
    /// <param name="seed">What everything is drawn from.</param>
    public static IReadOnlyList<Fault> Of(
        IReadOnlyList<FaultPlan> plans, ILookup<string, string> processes, TimeSpan period, TimeSpan duration, int seed)
    {
        var random = new Random(seed);
        var possible = plans.Where(plan => IsPossible(plan, processes)).ToArray();
        var faults = new List<Fault>();
        var left = new Queue<FaultPlan>();
        for (var at = period; possible.Length > 0 && at <= duration; at += period)
        {
            if (left.Count == 0)
            {
                random.Shuffle(possible);
                left = new Queue<FaultPlan>(possible);
            }

            var plan = left.Dequeue();
            var names = processes[plan.Role].Order(StringComparer.Ordinal).ToArray();
            random.Shuffle(names);
            faults.Add(new Fault(
                at,
                plan,
                plan.Role == FaultPlan.Clients ? FaultPlan.Clients
                : string.Join('+', plan.Kind == FaultKind.Roll ? names : names.Take(plan.Targets)),
                plan.Least + (random.NextDouble() * (plan.Most - plan.Least)),
                plan.Details.Count == 0 ? null : $"{plan.Details[random.Next(plan.Details.Count)]}:{random.Next(1, 30)}"));
        }

        return faults;
    }

    private static bool IsPossible(FaultPlan plan, ILookup<string, string> processes) =>
        plan.Role == FaultPlan.Clients || processes[plan.Role].Count() >= plan.Targets;
}
