using System.Collections.Immutable;
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

    /// <summary>For rows that stand alone, a line each.</summary>
    public static JsonWriterOptions Line => Format;

    /// <param name="response">Where to.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="latest">At most one reading.</param>
    /// <param name="cancellation">When nobody waits any more.</param>
    public static Task WriteLatest(HttpResponse response, string topic, TelemetryPage latest, CancellationToken cancellation) =>
        Write(response, topic, _ => { }, latest.Messages, WriteReading, _ => { }, latest.Dropped, cancellation);

    public static Task WritePage(HttpResponse response, string topic, TelemetryPage page, CancellationToken cancellation) =>
        Write(
            response,
            topic,
            json => json.WriteNumber("last_seq", page.LastSeq),
            page.Messages,
            WriteReading,
            json => json.WriteString("next", page.Next?.ToString()),
            page.Dropped,
            cancellation);

    public static Task WriteBuckets(
        HttpResponse response, string topic, AggregateQuery query, AggregatePage page, RowFormat<Bucket> rows, CancellationToken cancellation) =>
        Write(
            response,
            topic,
            json =>
            {
                json.WriteString("every", query.Every.ToString());
                json.WriteString("tz", query.TimeZone);
                json.WriteString("field", query.Field);
                json.WriteNumber("last_seq", page.LastSeq);
            },
            page.Buckets,
            rows.Json,
            json => json.WriteString("next", page.Next is { } next ? new TelemetryPosition(next, 0).ToString() : null),
            page.Dropped,
            cancellation);

    public static Task WritePoints(HttpResponse response, string topic, PointQuery query, PointPage page, CancellationToken cancellation) =>
        Write(
            response,
            topic,
            json =>
            {
                json.WriteNumber("points", query.Columns);
                json.WriteString("field", query.Field);
                json.WriteNumber("readings", page.Readings);
                json.WriteNumber("last_seq", page.LastSeq);
            },
            page.Points,
            RowFormats.Points.Json,
            _ => { },
            page.Dropped,
            cancellation);

    public static void WriteReading(Utf8JsonWriter json, TelemetryMessage message) => WriteReading(json, message, message.Payload.Span);

    /// <summary>The same in one line: JSON has line breaks only where it could have spaces.</summary>
    public static void WriteReadingLine(Utf8JsonWriter json, TelemetryMessage message) =>
        WriteReading(json, message, OneLine(message.Payload.Span));

    /// <summary>The same with its topic, for who follows several.</summary>
    public static void WriteStreamed(Utf8JsonWriter json, TelemetryMessage message) =>
        WriteReading(json, message, OneLine(message.Payload.Span), message.Topic);

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

    private static ReadOnlySpan<byte> OneLine(ReadOnlySpan<byte> payload)
    {
        if (!payload.ContainsAny((byte)'\r', (byte)'\n') || !Utf8.IsValid(payload) || !IsJson(payload))
        {
            return payload;
        }

        var line = payload.ToArray();
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        return line;
    }

    private static void WriteReading(Utf8JsonWriter json, TelemetryMessage message, ReadOnlySpan<byte> payload, string? topic = null)
    {
        json.WriteStartObject();
        if (topic is not null)
        {
            json.WriteString("topic", topic);
        }

        json.WriteString("date", message.At.UtcDateTime); // 'Z', and as many digits of a second as there are
        json.WritePropertyName("value");
        WriteValue(json, payload);
        json.WriteNumber("seq", message.Seq);
        json.WriteString("received", message.ReceivedAt.UtcDateTime);
        json.WriteString("device", message.Device);
        json.WriteEndObject();
    }

    private static async Task Write<T>(
        HttpResponse response,
        string topic,
        Action<Utf8JsonWriter> before,
        ImmutableArray<T> rows,
        Action<Utf8JsonWriter, T> row,
        Action<Utf8JsonWriter> after,
        DroppedReadings? dropped,
        CancellationToken cancellation)
    {
        response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(response.BodyWriter, Format);
        json.WriteStartObject();
        json.WriteString("topic", topic);
        before(json);
        json.WriteStartArray("data");
        var flushed = 0L;
        foreach (var item in rows)
        {
            row(json, item);
            if (json.BytesCommitted + json.BytesPending - flushed >= FlushAt)
            {
                await Flush(json, response.BodyWriter, cancellation);
                flushed = json.BytesCommitted;
            }
        }

        json.WriteEndArray();
        after(json);
        if (dropped is not null)
        {
            json.WriteStartObject("dropped");
            json.WriteString("before", dropped.Before.UtcDateTime);
            json.WriteNumber("readings", dropped.Readings);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        await Flush(json, response.BodyWriter, cancellation);
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
