namespace Orleans.Runtime;

/// <summary>
/// Values that go with a call to the grain, and on with the calls that it makes. What a callee sets stays with the callee.
/// </summary>
public static class RequestContext
{
    // The array is never written to once it is here: whoever changes something makes a new one.
    private static readonly AsyncLocal<KeyValuePair<string, object>[]?> Values = new();

    public static IEnumerable<string> Keys => Entries.Select(entry => entry.Key);

    public static IEnumerable<KeyValuePair<string, object>> Entries => (Values.Value ?? []).AsEnumerable();

    public static object? Get(string key)
    {
        foreach (var entry in Values.Value.AsSpan())
        {
            if (entry.Key == key)
            {
                return entry.Value;
            }
        }

        return null;
    }

    public static void Set(string key, object value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Values.Value = [.. Without(key), new(key, value)];
    }

    /// <returns>Whether it was there.</returns>
    public static bool Remove(string key)
    {
        var before = Values.Value ?? [];
        var after = Without(key);
        Values.Value = after is [] ? null : after;
        return after.Length < before.Length;
    }

    public static void Clear() => Values.Value = null;

    private static KeyValuePair<string, object>[] Without(string key) =>
        Values.Value is { } values ? Array.FindAll(values, entry => entry.Key != key) : [];
}
