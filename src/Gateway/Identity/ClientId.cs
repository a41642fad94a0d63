using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.Gateway.Identity;

/// <summary>A service account's id, <c>{tenant}.{uuid}</c>: it says whom to ask, before anybody is known.</summary>
internal static class ClientId
{
    public static string Create(string tenant) => $"{tenant}.{Guid.CreateVersion7()}";

    /// <param name="id">The id to check; any string.</param>
    /// <param name="tenant">The tenant that it names.</param>
    public static bool IsValid([NotNullWhen(true)] string? id, [NotNullWhen(true)] out string? tenant)
    {
        var dot = id is { Length: <= 200 } ? id.LastIndexOf('.') : -1;
        tenant = dot > 0 && id![0] != '$' && !id.Contains('/', StringComparison.Ordinal) && Guid.TryParseExact(id[(dot + 1)..], "D", out _)
            ? id[..dot]
            : null;
        return tenant is not null;
    }
}
