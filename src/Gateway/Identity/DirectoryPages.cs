using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>How a list of devices or users is read: a page of names from the directory, then what each grain knows.</summary>
internal static class DirectoryPages
{
    private const int LongestSearch = 200;

    /// <summary>Each entry costs a grain call, so a page has fewer of them than the directory would give.</summary>
    public static readonly PageSize Size = new(100, 500);

    public static Task<DirectoryPage> Page(this IDirectoryGrain directory, string? search, string? limit, string? cursor) =>
        directory.List(Search(search), Size.Parse(limit), string.IsNullOrEmpty(cursor) ? null : cursor);

    /// <returns>Null for everything.</returns>
    public static string? Search(string? search) => search switch
    {
        { Length: > LongestSearch } => throw new FailureException(Failure.Invalid, $"'search' has at most {LongestSearch} characters."),
        "" => null,
        _ => search,
    };

    /// <summary>Asks for all entries of the page at once, and leaves out what was removed since the page was read.</summary>
    public static Task<List<T>> Get<T>(this DirectoryPage page, Func<DirectoryEntry, Task<T>> get)
        where T : class => page.Entries.Existing(get);

    /// <inheritdoc cref="Get"/>
    public static async Task<List<T>> Existing<TEntry, T>(this ImmutableArray<TEntry> entries, Func<TEntry, Task<T>> get)
        where T : class
    {
        var found = await Task.WhenAll(entries.Select(async entry =>
        {
            try
            {
                return await get(entry);
            }
            catch (FailureException failure) when (failure.Failure == Failure.NotFound)
            {
                return null;
            }
        }));
        return [.. found.OfType<T>()];
    }
}
