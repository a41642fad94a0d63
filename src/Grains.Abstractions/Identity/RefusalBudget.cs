using System.Collections.Immutable;

namespace OrleansIoT.Identity;

/// <summary>
/// Lets refusals be noted one by one up to a few a minute, of each who and reason; the others are counted, and noted as one
/// entry with that count. So whoever is refused all day fills neither the disk nor the memory.
/// </summary>
/// <param name="perMinute">How many entries of their own one who gets, of each action and status.</param>
/// <param name="maxCounted">How many such are told apart; those beyond count together.</param>
public sealed class RefusalBudget(int perMinute = 5, int maxCounted = 1_000)
{
    private readonly Lock _gate = new();
    private Dictionary<Key, Counted> _counted = [];

    /// <param name="who">Whose refusals count together: a caller, or a network.</param>
    /// <param name="entry">The refusal.</param>
    /// <returns>Whether it is to be noted by itself.</returns>
    public bool Take(string who, AuditEntry entry)
    {
        var key = new Key(entry.Tenant, who, entry.Action, entry.Status);
        lock (_gate)
        {
            if (!_counted.TryGetValue(key, out var counted))
            {
                if (_counted.Count >= maxCounted)
                {
                    key = Crowd(entry);
                }

                if (!_counted.TryGetValue(key, out counted))
                {
                    _counted[key] = counted = new Counted();
                }
            }

            if (counted.Noted < perMinute)
            {
                counted.Noted++;
                return true;
            }

            counted.LeaveOut(entry with { Tenant = key.Tenant });
            return false;
        }
    }

    /// <summary>To be called once a minute: what the minute has left out, summed up; and everybody begins anew.</summary>
    public ImmutableArray<AuditEntry> SumUp(DateTimeOffset now)
    {
        lock (_gate)
        {
            var sums = _counted.Values.Select(counted => counted.Sum).OfType<AuditEntry>().Select(sum => sum with { At = now });
            var all = sums.ToImmutableArray();
            _counted = [];
            return all;
        }
    }

    /// <summary>
    /// Of a tenant and a status. Statuses are few; so are tenants, but where a client may name one that is not proved, and
    /// those beyond as many again count for the installation's own.
    /// </summary>
    private Key Crowd(AuditEntry entry)
    {
        var own = new Key(entry.Tenant, "", "", entry.Status);
        return _counted.ContainsKey(own) || _counted.Count < 2 * maxCounted ? own : own with { Tenant = GrainKey.DefaultTenant };
    }

    private readonly record struct Key(string Tenant, string Who, string Action, int Status);

    private sealed class Counted
    {
        public int Noted { get; set; }

        /// <summary>What is the same of all that were left out, and how many there are.</summary>
        public AuditEntry? Sum { get; private set; }

        public void LeaveOut(AuditEntry entry) => Sum = Sum is null ? entry : Sum with
        {
            Count = Sum.Count + entry.Count,
            Actor = Sum.Actor == entry.Actor ? Sum.Actor : AuditActor.Nobody,
            Subject = Same(Sum.Subject, entry.Subject),
            Name = Same(Sum.Name, entry.Name),
            Address = Same(Sum.Address, entry.Address),
            Action = Same(Sum.Action, entry.Action),
            ThingType = Same(Sum.ThingType, entry.ThingType),
            ThingId = Same(Sum.ThingId, entry.ThingId),
            Failure = Same(Sum.Failure, entry.Failure),
            Reason = Same(Sum.Reason, entry.Reason),
        };

        private static string Same(string one, string other) => one == other ? one : "";
    }
}
