using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Json;
using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Live;

/// <summary>
/// Server-sent events as the HTML standard has them (section 9.2.6). Written by hand because they carry payloads as they came,
/// heartbeats are comments, and many events go out at once (ADR 0034).
/// </summary>
internal sealed class EventWriter(PipeWriter body) : IDisposable
{
    public const string MediaType = "text/event-stream";

    private const int MaxDigits = 20;

    private readonly Utf8JsonWriter _json = new(body, TelemetryJson.Line);

    /// <summary>The first event: from where on the stream goes.</summary>
    public void Start(IReadOnlyList<LiveStream.Place> places)
    {
        Begin(places, "start"u8);
        _json.WriteStartObject();
        _json.WriteString("cursor", string.Join(',', places.Select(place => place.Written)));
        _json.WriteEndObject();
        EndEvent();
    }

    public void Reading(IReadOnlyList<LiveStream.Place> places, TelemetryMessage reading)
    {
        Begin(places, "reading"u8);
        TelemetryJson.WriteStreamed(_json, reading);
        EndEvent();
    }

    public void Skipped(IReadOnlyList<LiveStream.Place> places, string topic, long from, long to)
    {
        Begin(places, "skipped"u8);
        _json.WriteStartObject();
        _json.WriteString("topic", topic);
        _json.WriteNumber("from", from);
        _json.WriteNumber("to", to);
        _json.WriteEndObject();
        EndEvent();
    }

    public void End(StreamEnd end)
    {
        body.Write("event: end\ndata: "u8);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("code", end.Code);
        _json.WriteString("detail", end.Detail);
        _json.WriteEndObject();
        EndEvent();
    }

    public void Heartbeat() => body.Write(":\n\n"u8);

    public void Dispose() => _json.Dispose();

    private void Begin(IReadOnlyList<LiveStream.Place> places, ReadOnlySpan<byte> name)
    {
        body.Write("id: "u8);
        for (var i = 0; i < places.Count; i++)
        {
            if (i > 0)
            {
                body.Write(","u8);
            }

            var digits = body.GetSpan(MaxDigits);
            Utf8Formatter.TryFormat(places[i].Written, digits, out var length);
            body.Advance(length);
        }

        body.Write("\nevent: "u8);
        body.Write(name);
        body.Write("\ndata: "u8);
        _json.Reset();
    }

    private void EndEvent()
    {
        _json.Flush();
        body.Write("\n\n"u8);
    }
}
