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
        search?.Length > LongestSearch
            ? throw new FailureException(Failure.Invalid, $"'search' has at most {LongestSearch} characters.")
            : directory.List(
                string.IsNullOrEmpty(search) ? null : search, Size.Parse(limit), string.IsNullOrEmpty(cursor) ? null : cursor);

    /// <summary>Asks for all entries of the page at once, and leaves out what was removed since the page was read.</summary>
    public static async Task<List<T>> Get<T>(this DirectoryPage page, Func<DirectoryEntry, Task<T>> get)
        where T : class
    {
        var found = await Task.WhenAll(page.Entries.Select(async entry =>
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
