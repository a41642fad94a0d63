using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>Writes readings straight into the answer: a page may be large, and payloads go out as they came in.</summary>
internal static class TelemetryJson
{
    /// <summary>Common readers go 64 levels deep; three of them are ours: the answer, its data and the reading.</summary>
    public const int MaxPayloadDepth = 61;

    private const int FlushAt = 32 * 1024;

    // The answer is application/json and never sniffed, so only what JSON demands is escaped.
    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonReaderOptions Depth = new() { MaxDepth = MaxPayloadDepth };

    public static async Task WriteLatest(HttpResponse response, TelemetryMessage latest, CancellationToken cancellation)
    {
        await using var json = Begin(response, latest.Topic);
        Write(json, latest);
        json.WriteEndArray();
        json.WriteEndObject();
        await Flush(json, response.BodyWriter, cancellation);
    }

    public static async Task WritePage(HttpResponse response, string topic, TelemetryPage page, CancellationToken cancellation)
    {
        await using var json = Begin(response, topic);
        var flushed = 0L;
        foreach (var message in page.Messages)
        {
            Write(json, message);
            if (json.BytesCommitted + json.BytesPending - flushed >= FlushAt)
            {
                await Flush(json, response.BodyWriter, cancellation);
                flushed = json.BytesCommitted;
            }
        }

        json.WriteEndArray();
        json.WriteString("next", page.Next?.ToString());
        json.WriteEndObject();
        await Flush(json, response.BodyWriter, cancellation);
    }

    /// <summary>JSON as it is, digit for digit; else a string if it is UTF-8; else its base64.</summary>
    public static void WriteValue(Utf8JsonWriter json, ReadOnlySpan<byte> payload)
    {
        if (!Utf8.IsValid(payload))
        {
            json.WriteStartObject();
            json.WriteBase64String("base64", payload);
            json.WriteEndObject();
        }
        else if (IsJson(payload))
        {
            json.WriteRawValue(payload, skipInputValidation: true);
        }
        else
        {
            json.WriteStringValue(payload);
        }
    }

    private static Utf8JsonWriter Begin(HttpResponse response, string topic)
    {
        response.ContentType = "application/json; charset=utf-8";
        var json = new Utf8JsonWriter(response.BodyWriter, Format);
        json.WriteStartObject();
        json.WriteString("topic", topic);
        json.WriteStartArray("data");
        return json;
    }

    private static void Write(Utf8JsonWriter json, TelemetryMessage message)
    {
        json.WriteStartObject();
        json.WriteString("date", message.At.UtcDateTime); // 'Z', and as many digits of a second as there are
        json.WritePropertyName("value");
        WriteValue(json, message.Payload.Span);
        json.WriteNumber("seq", message.Seq);
        json.WriteString("received", message.ReceivedAt.UtcDateTime);
        json.WriteString("device", message.Device);
        json.WriteEndObject();
    }

    private static bool IsJson(ReadOnlySpan<byte> payload)
    {
        if (payload.TrimStart(" \t\r\n"u8) is not [(byte)'{' or (byte)'[' or (byte)'"' or (byte)'-' or (byte)'t' or (byte)'f' or (byte)'n'
            or (>= (byte)'0' and <= (byte)'9'), ..])
        {
            return false; // most texts that are not JSON cost no exception
        }

        var reader = new Utf8JsonReader(payload, Depth);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task Flush(Utf8JsonWriter json, PipeWriter body, CancellationToken cancellation)
    {
        json.Flush();
        await body.FlushAsync(cancellation);
    }
}
