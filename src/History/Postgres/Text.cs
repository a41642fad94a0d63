using System.Buffers;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// Strings as PostgreSQL stores them: its text cannot hold U+0000, so U+0001 introduces that and itself. Equality, the order
/// of bytes and concatenation are as of the strings themselves.
/// </summary>
internal static class Text
{
    private static readonly SearchValues<char> Special = SearchValues.Create('\0', '\u0001');

    public static string Encode(string value) =>
        value.AsSpan().ContainsAny(Special)
            ? value.Replace("\u0001", "\u0001\u0003", StringComparison.Ordinal).Replace("\0", "\u0001\u0002", StringComparison.Ordinal)
            : value;

    public static string Decode(string stored) =>
        stored.Contains('\u0001', StringComparison.Ordinal)
            ? stored.Replace("\u0001\u0002", "\0", StringComparison.Ordinal).Replace("\u0001\u0003", "\u0001", StringComparison.Ordinal)
            : stored;

    /// <summary>The least string, by bytes, that is greater than all that begin with this one; null when there is none.</summary>
    public static string? EndOfPrefix(string prefix)
    {
        for (var length = prefix.Length; length > 0;)
        {
            var isPair = length > 1 && char.IsSurrogatePair(prefix[length - 2], prefix[length - 1]);
            length -= isPair ? 2 : 1;
            var last = char.ConvertToUtf32(prefix, length);
            if (last < 0x10FFFF)
            {
                return prefix[..length] + char.ConvertFromUtf32(last == 0xD7FF ? 0xE000 : last + 1);
            }
        }

        return null;
    }
}
