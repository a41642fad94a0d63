namespace OrleansIoT.History;

/// <summary>Where among a tenant's topics, by name, a filter can match.</summary>
internal static class RetainedRange
{
    /// <returns>The first topic name that the filter may match, and the first behind the last; null for the tenant's end.</returns>
    public static (string First, string? End) Of(string filter)
    {
        var wildcard = filter.AsSpan().IndexOfAny('+', '#');
        return wildcard switch
        {
            < 0 => (filter, filter + '\0'),
            0 => ("", null),

            // Up to the slash before the wildcard, because a/# matches a too; and behind the slash comes '0'.
            _ => (filter[..(wildcard - 1)], filter[..(wildcard - 1)] + '0'),
        };
    }
}
