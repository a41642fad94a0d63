using System.Text.Json;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>How one row of an answer is written.</summary>
/// <param name="Header">The names of the cells.</param>
/// <param name="Json">Writes an object.</param>
/// <param name="Csv">Writes the cells.</param>
internal sealed record RowFormat<T>(string Header, Action<Utf8JsonWriter, T> Json, Action<CsvWriter, T> Csv);

internal static class RowFormats
{
    private static readonly Dictionary<string, Func<Bucket, double>> Functions = new()
    {
        ["avg"] = bucket => bucket.Average,
        ["min"] = bucket => bucket.Min,
        ["max"] = bucket => bucket.Max,
        ["sum"] = bucket => bucket.Sum,
        ["count"] = bucket => bucket.Count,
        ["first"] = bucket => bucket.First,
        ["last"] = bucket => bucket.Last,
    };

    /// <param name="number">Where a payload has its number, which is what a spreadsheet can draw.</param>
    public static RowFormat<TelemetryMessage> Readings(NumberField number) => new(
        "date,number,value,seq,received,device",
        TelemetryJson.WriteReadingLine,
        (csv, message) =>
        {
            var payload = message.Payload.Span;
            csv.Cell(message.At);
            csv.Digits(number.Find(payload) is { } digits ? payload[digits] : []);
            csv.Payload(payload);
            csv.Cell(message.Seq);
            csv.Cell(message.ReceivedAt);
            csv.Cell(message.Device);
        });

    public static readonly RowFormat<NumberPoint> Points = new(
        "date,value,seq",
        (json, point) =>
        {
            json.WriteStartObject();
            json.WriteString("date", point.At.UtcDateTime);
            json.WriteNumber("value", point.Value);
            json.WriteNumber("seq", point.Seq);
            json.WriteEndObject();
        },
        (csv, point) =>
        {
            csv.Cell(point.At);
            csv.Cell(point.Value);
            csv.Cell(point.Seq);
        });

    /// <param name="fn">Names of functions with commas between them; <c>avg,min,max,count</c> when left out.</param>
    public static RowFormat<Bucket> Buckets(string? fn)
    {
        var names = string.IsNullOrEmpty(fn) ? ["avg", "min", "max", "count"] : fn.Split(',');
        if (names.FirstOrDefault(name => !Functions.ContainsKey(name)) is not null || names.Distinct().Count() < names.Length)
        {
            throw new FailureException(Failure.Invalid,
                $"'fn' is one or more of {string.Join(", ", Functions.Keys)}, each once, with commas between them.");
        }

        var chosen = Array.ConvertAll(names, name => (Name: name, Of: Functions[name]));
        return new RowFormat<Bucket>(
            $"start,end,{string.Join(',', names)}",
            (json, bucket) =>
            {
                json.WriteStartObject();
                json.WriteString("start", bucket.Start.UtcDateTime);
                json.WriteString("end", bucket.End.UtcDateTime);
                foreach (var (name, of) in chosen)
                {
                    WriteNumber(json, name, of(bucket));
                }

                json.WriteEndObject();
            },
            (csv, bucket) =>
            {
                csv.Cell(bucket.Start);
                csv.Cell(bucket.End);
                foreach (var (_, of) in chosen)
                {
                    csv.Cell(of(bucket));
                }
            });
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double number)
    {
        if (double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name); // a sum beyond what a double holds: JSON has no infinity
        }
    }
}
