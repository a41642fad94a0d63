using OrleansIoT.Identity;

namespace OrleansIoT.History;

/// <summary>
/// The names of a tenant's devices and users, searchable and in pages. Named by directory key, <c>{tenant}/devices</c> or
/// <c>{tenant}/users</c>. Beside the history because it has to survive with it.
/// </summary>
public interface IDirectory
{
    /// <summary>Adds the entry, or replaces the one with its id; times that it does not have stay as they are. Durable when complete.</summary>
    Task Put(string directory, DirectoryEntry entry);

    /// <summary>Removes the entry if there is one. Durable when complete.</summary>
    Task Remove(string directory, string id);

    /// <summary>Every entry, in ascending order of id, for who keeps an index of its own.</summary>
    Task<IReadOnlyList<DirectoryEntry>> All(string directory, CancellationToken cancellation = default);

    Task<DirectoryEntry?> Find(string directory, string id, CancellationToken cancellation = default);

    /// <param name="directory">The directory's key.</param>
    /// <param name="search">Part of the id, the grain's name or the title, ignoring ASCII case; null for all.</param>
    /// <param name="limit">The most entries of the page.</param>
    /// <param name="after">The page begins behind this id; null for the beginning.</param>
    /// <param name="cancellation">Gives up the search.</param>
    Task<DirectoryPage> List(string directory, string? search, int limit, string? after, CancellationToken cancellation = default);
}
