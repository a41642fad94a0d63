using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.Identity;

/// <summary>The rule for a tenant's name: it stands in keys, ids and MQTT user names, so it is made of what needs no escaping in any of them.</summary>
public static class TenantName
{
    public const int MaxLength = 63;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <param name="name">The name to check; any string.</param>
    /// <param name="why">What is wrong and what would be right.</param>
    public static bool IsValid([NotNullWhen(true)] string? name, [NotNullWhen(false)] out string? why)
    {
        why = name is { Length: > 0 and <= MaxLength } && name[0] != '-' && !name.AsSpan().ContainsAnyExcept(Allowed)
            ? null
            : $"A tenant's name is 1 to {MaxLength} lower-case letters, digits or '-', and begins with a letter or digit.";
        return why is null;
    }
}
