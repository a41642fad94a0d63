using System.Text;
using System.Text.Json;

namespace OrleansIoT.Telemetry;

/// <summary>
/// Where a payload has its number: the payload itself is one (RFC 8259 section 6), or it is a JSON object and a path of
/// member names leads to one. Without a path an object's member <c>value</c> is meant. Of members of one name the first counts.
/// </summary>
public sealed class NumberField
{
    /// <summary>The payload itself, or its member <c>value</c>.</summary>
    public static readonly NumberField Default = new(["value"], isDefault: true);

    private readonly byte[][] _path;
    private readonly bool _isDefault;

    private NumberField(string[] path, bool isDefault)
    {
        _path = Array.ConvertAll(path, Encoding.UTF8.GetBytes);
        _isDefault = isDefault;
    }

    /// <param name="path">Names with dots between them, as <c>a.b</c>; null or empty for the default.</param>
    public static NumberField Parse(string? path) =>
        string.IsNullOrEmpty(path) ? Default : new NumberField(path.Split('.'), isDefault: false);

    /// <summary>Finds the number in a payload.</summary>
    /// <param name="payload">Any bytes.</param>
    /// <param name="value">A finite number.</param>
    /// <returns>False when there is none.</returns>
    public bool TryRead(ReadOnlySpan<byte> payload, out double value)
    {
        value = 0;
        if (Find(payload) is not { } range
            || !System.Buffers.Text.Utf8Parser.TryParse(payload[range], out double number, out var length)
            || length != range.End.Value - range.Start.Value
            || !double.IsFinite(number))
        {
            return false;
        }

        value = number;
        return true;
    }

    /// <summary>Where the number's characters are, or null when there is none.</summary>
    public Range? Find(ReadOnlySpan<byte> payload)
    {
        // Of what is no JSON most is told here, because an exception a reading is dear.
        if (payload.TrimStart(" \t\r\n"u8) is not [(byte)'{' or (byte)'-' or (>= (byte)'0' and <= (byte)'9'), ..])
        {
            return null;
        }

        var reader = new Utf8JsonReader(payload);
        try
        {
            if (!reader.Read())
            {
                return null;
            }

            if (reader.TokenType == JsonTokenType.Number)
            {
                var number = Token(in reader);
                return _isDefault && !reader.Read() ? number : null;
            }

            return FindMember(ref reader, depth: 0);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <param name="reader">At the token that should be the object with the member.</param>
    private Range? FindMember(ref Utf8JsonReader reader, int depth)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(_path[depth]);
            reader.Read();
            if (!isIt)
            {
                reader.Skip();
                continue;
            }

            return depth < _path.Length - 1 ? FindMember(ref reader, depth + 1)
                : reader.TokenType == JsonTokenType.Number ? Token(in reader)
                : null;
        }

        return null;
    }

    private static Range Token(in Utf8JsonReader reader) =>
        (int)reader.TokenStartIndex..(int)(reader.TokenStartIndex + reader.ValueSpan.Length);
}
