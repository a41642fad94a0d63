using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace OrleansIoT.Faults.Recording;

/// <summary>What a message of this harness looks like: its identity, its own time, and a checksum over both.</summary>
public static class Payload
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static string Of(MessageId message, DateTimeOffset at)
    {
        var time = at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"ts":"{{time}}","tenant":"{{message.Tenant}}","topic":"{{message.Topic}}","n":{{message.Number}},"sum":"{{Sum(message, time)}}"}""");
    }

    /// <returns>Which message it is, and whether it is as it was sent; null for what is none of ours.</returns>
    public static (MessageId Message, bool IsIntact)? Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return Read(json.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static (MessageId Message, bool IsIntact)? Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object
            || Text(json, "tenant") is not { } tenant
            || Text(json, "topic") is not { } topic
            || Text(json, "ts") is not { } time
            || Text(json, "sum") is not { } sum
            || !json.TryGetProperty("n", out var n)
            || !n.TryGetInt64(out var number))
        {
            return null;
        }

        var message = new MessageId(tenant, topic, number);
        return (message, sum == Sum(message, time));
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Sum(MessageId message, string time) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{message}@{time}")).AsSpan(0, 8));
}
