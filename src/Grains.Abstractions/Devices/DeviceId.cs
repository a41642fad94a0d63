using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.Devices;

/// <summary>
/// The rule for a device's id: it stands in topics, URLs and keys, so it is made of what needs no escaping in any of them.
/// </summary>
public static class DeviceId
{
    public const int MaxLength = 128;

    /// <summary>What the names of users begin with where devices have their id, as in the names of sessions.</summary>
    private const string Reserved = "users";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-");

    /// <param name="id">The id to check; any string.</param>
    /// <param name="why">What is wrong and what would be right.</param>
    public static bool IsValid([NotNullWhen(true)] string? id, [NotNullWhen(false)] out string? why)
    {
        why = id is { Length: > 0 and <= MaxLength }
              && char.IsAsciiLetterOrDigit(id[0])
              && !id.AsSpan().ContainsAnyExcept(Allowed)
              && id != Reserved
            ? null
            : $"A device id is 1 to {MaxLength} letters, digits, '_', '.', ':' or '-', begins with a letter or digit, and is not '{Reserved}'.";
        return why is null;
    }
}
