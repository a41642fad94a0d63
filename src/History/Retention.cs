using OrleansIoT.Topics;

namespace OrleansIoT.History;

/// <summary>How long readings of some topics are kept. Readings go in whole chunks, in PostgreSQL in whole days, those of the least event times first.</summary>
public sealed class RetentionRule
{
    /// <summary>The topic, and everything below it, that the rule is for; empty for all.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>Whose topics; null for every tenant.</summary>
    public string? Tenant { get; set; }

    /// <summary>What has an older event time is dropped; null for any age.</summary>
    public TimeSpan? MaxAge { get; set; }

    /// <summary>What all the topics that the rule decides for may take together, in bytes of chunks, in PostgreSQL of payloads and 128 a reading; null for any size.</summary>
    public long? MaxBytes { get; set; }

    internal bool Fits(ReadOnlySpan<char> tenant, ReadOnlySpan<char> topic) =>
        (Tenant is null || tenant.SequenceEqual(Tenant))
        && (Prefix.Length == 0
            || (topic.StartsWith(Prefix, StringComparison.Ordinal) && (topic.Length == Prefix.Length || topic[Prefix.Length] == '/')));
}

/// <summary>The rules of retention, of every store.</summary>
internal sealed class Retention(IEnumerable<RetentionRule> rules)
{
    // The most particular first; of two with the same prefix the one for a tenant.
    private readonly RetentionRule[] _rules =
        [.. rules.OrderByDescending(rule => rule.Prefix.Length).ThenBy(rule => rule.Tenant is null)];

    /// <summary>Whether any topic's readings may ever be dropped.</summary>
    public bool HasRules => _rules.Length > 0;

    /// <summary>The rule that decides for a topic; null when its readings are kept for ever.</summary>
    /// <param name="topic">The topic's key.</param>
    public RetentionRule? RuleOf(string topic)
    {
        var slash = topic.IndexOf('/', StringComparison.Ordinal);
        return Array.Find(_rules, rule => rule.Fits(topic.AsSpan(0, slash), topic.AsSpan(slash + 1)));
    }

    /// <summary>What is senseless about the rules, as a sentence for the operator; null for nothing.</summary>
    public static string? Complaint(IReadOnlyList<RetentionRule> rules)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            var name = $"History:Retention:{i}";
            var why = rule switch
            {
                { MaxAge: null, MaxBytes: null } => "needs MaxAge or MaxBytes; without a rule readings are kept for ever.",
                { MaxAge: { } age } when age <= TimeSpan.Zero => "has a MaxAge that is not more than zero; 30.00:00:00 is 30 days.",
                { MaxBytes: <= 0 } => "has a MaxBytes that is not at least 1.",
                { Tenant: { } tenant } when tenant.Length == 0 || tenant.Contains('/', StringComparison.Ordinal) =>
                    $"has the Tenant '{tenant}', which is no tenant; leave it out for all of them.",
                { Prefix: { Length: > 0 } prefix } when prefix[^1] == '/' =>
                    $"has a Prefix that ends with '/'; '{prefix.TrimEnd('/')}' is for that topic and everything below it.",
                { Prefix: { Length: > 0 } prefix } when !TopicName.IsValid(prefix, out var complaint) => $"has the Prefix '{prefix}'. {complaint}",
                _ when rules.Take(i).Any(other => other.Prefix == rule.Prefix && other.Tenant == rule.Tenant) =>
                    $"is the second rule for Prefix '{rule.Prefix}' and {(rule.Tenant is null ? "every tenant" : $"tenant '{rule.Tenant}'")}.",
                _ => null,
            };
            if (why is not null)
            {
                return $"{name} {why}";
            }
        }

        return null;
    }
}
