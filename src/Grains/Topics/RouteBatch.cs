using System.Collections.Immutable;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>How much of the routes goes into one call: a session may have thousands of subscriptions, or one.</summary>
internal static class RouteBatch
{
    private const int MostEntries = 1_000;

    /// <summary>Of the names and filters, which are nearly all of an entry. One entry always fits.</summary>
    private const int MostCharacters = 1 << 20;

    /// <returns>How many of the first ones; none only where there is none.</returns>
    public static int Count(IEnumerable<RouteEntry> entries)
    {
        var count = 0;
        var characters = 0;
        foreach (var entry in entries)
        {
            characters += Length(entry);
            if (count == MostEntries || (count > 0 && characters > MostCharacters))
            {
                break;
            }

            count++;
        }

        return count;
    }

    public static IEnumerable<ImmutableArray<RouteEntry>> All(IReadOnlyList<RouteEntry> entries)
    {
        for (int from = 0, count; (count = Count(entries.Skip(from))) > 0; from += count)
        {
            yield return [.. entries.Skip(from).Take(count)];
        }
    }

    private static int Length(RouteEntry entry) =>
        entry.Session.Length + entry.Denied.Sum(filter => filter.Length) + entry.Subscriptions.Sum(subscription => subscription.Filter.Length);
}
