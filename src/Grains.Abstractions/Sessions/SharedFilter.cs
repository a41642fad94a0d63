namespace OrleansIoT.Sessions;

/// <summary>A shared subscription's filter, <c>$share/{group}/{filter}</c> (MQTT 5.0 section 4.8.2).</summary>
/// <param name="Group">The share name: at least one character, none of <c>/ + #</c> [MQTT-4.8.2-1], [MQTT-4.8.2-2].</param>
/// <param name="Filter">The topic filter behind it.</param>
public readonly record struct SharedFilter(string Group, string Filter)
{
    private const string Prefix = "$share/";

    /// <summary>Takes a subscription's filter apart; false if it is not shared.</summary>
    public static bool TryParse(string filter, out SharedFilter shared)
    {
        shared = default;
        if (!filter.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var slash = filter.IndexOf('/', Prefix.Length);
        if (slash <= Prefix.Length || slash == filter.Length - 1 || filter.AsSpan(Prefix.Length, slash - Prefix.Length).ContainsAny('+', '#'))
        {
            return false;
        }

        shared = new SharedFilter(filter[Prefix.Length..slash], filter[(slash + 1)..]);
        return true;
    }
}
