using System.Globalization;

namespace OrleansIoT.Grains.Identity;

/// <summary>A key that the processes of a cluster seal callers with: one line of their key file.</summary>
/// <param name="Id">Names it in envelopes, 1 to 32 letters, digits and '-'.</param>
/// <param name="From">From this moment on it seals; it is believed as long as it is in the file.</param>
/// <param name="Secret">At least 32 random bytes (RFC 2104 section 3).</param>
public sealed record ClusterKey(string Id, DateTimeOffset From, byte[] Secret)
{
    public const int MinBytes = 32;

    private const int MaxIdLength = 32;

    /// <summary>The keys of a file: lines of id, moment (RFC 3339, UTC) and secret in base64, with spaces between them; '#' begins a comment.</summary>
    /// <exception cref="FormatException">The message says which line is wrong and what would be right, and nothing of any secret.</exception>
    public static IReadOnlyList<ClusterKey> ReadAll(string text)
    {
        var keys = new List<ClusterKey>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Trim() is { Length: > 0 } line && line[0] != '#')
            {
                keys.Add(Read(line, i + 1));
            }
        }

        return keys.Count == 0 ? throw new FormatException("it has no key")
            : keys.Select(key => key.Id).Distinct().Count() < keys.Count ? throw new FormatException("two of its keys have the same id")
            : keys;
    }

    /// <summary>As <see cref="ReadAll"/> reads it.</summary>
    public string ToLine() => $"{Id} {From.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} {Convert.ToBase64String(Secret)}";

    /// <summary>Never the secret, wherever this is written.</summary>
    public override string ToString() => $"{nameof(ClusterKey)} {Id}";

    private static ClusterKey Read(string line, int number)
    {
        var secret = new byte[line.Length];
        return line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [{ Length: <= MaxIdLength } id, var from, var base64]
               && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
               && DateTimeOffset.TryParseExact(
                   from, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
               && Convert.TryFromBase64String(base64, secret, out var length)
            ? length >= MinBytes
                ? new ClusterKey(id, moment, secret[..length])
                : throw new FormatException($"the key of line {number} has {length} bytes; it takes at least {MinBytes} random ones")
            : throw new FormatException($"line {number} is not an id, a moment as 2026-03-01T00:00:00Z and a key in base64, with spaces between them");
    }
}
