using System.Collections.Immutable;

namespace OrleansIoT.Identity;

/// <summary>What a directory lists: an id, and the name of the grain that knows the rest.</summary>
/// <param name="Id">Unique in its directory.</param>
/// <param name="GrainName">The grain's name within the tenant: a device's id, a user's email.</param>
/// <param name="Title">What a person calls it: a device's name, a user's name.</param>
/// <param name="CreatedAt">When it was made; null where that is not known.</param>
/// <param name="SeenAt">When a device first connected; null if it never has.</param>
[GenerateSerializer, Immutable, Alias("iot.DirectoryEntry")]
public sealed record DirectoryEntry(
    [property: Id(0)] string Id,
    [property: Id(1)] string GrainName,
    [property: Id(2)] string Title,
    [property: Id(3)] DateTimeOffset? CreatedAt = null,
    [property: Id(4)] DateTimeOffset? SeenAt = null);

/// <param name="Entries">In ascending order of id.</param>
/// <param name="Next">Where the next page begins, or null at the end.</param>
[GenerateSerializer, Immutable, Alias("iot.DirectoryPage")]
public sealed record DirectoryPage(
    [property: Id(0)] ImmutableArray<DirectoryEntry> Entries,
    [property: Id(1)] string? Next);

/// <summary>
/// The names of a tenant's things of one kind, keyed by <c>{tenant}/devices</c> or <c>{tenant}/users</c>. It answers out
/// of the store's index and holds no names itself, so a million of them cost a page what ten cost.
/// </summary>
[Alias("iot.IDirectoryGrain")]
public interface IDirectoryGrain : IGrainWithStringKey
{
    /// <param name="search">Part of the id, the grain's name or the title, ignoring ASCII case; null for all.</param>
    /// <param name="limit">1 to 1,000.</param>
    /// <param name="cursor">The <see cref="DirectoryPage.Next"/> of the page before, or null.</param>
    [Alias("List")]
    Task<DirectoryPage> List(string? search, int limit, string? cursor);

    /// <returns>The entry, or null when there is none or the caller may not see it.</returns>
    [Alias("Find")]
    Task<DirectoryEntry?> Find(string id);
}
