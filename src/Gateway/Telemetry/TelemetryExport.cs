using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>A part of an answer, and how to get the next one.</summary>
internal sealed record Slice<T>(ImmutableArray<T> Rows, DroppedReadings? Dropped, Func<Task<Slice<T>>>? Next);

/// <summary>
/// Writes a range of any length as a file, with a page of it in memory: the next one is asked for when the client has taken
/// the one before. A failure on the way cuts the connection, so that half a file does not look like a whole one.
/// </summary>
internal sealed partial class TelemetryExport(ILogger<TelemetryExport> logger)
{
    /// <summary>The most rows in memory.</summary>
    public const int PageSize = 4_000;

    /// <summary>The header with what retention has dropped, as a file has no other place for it.</summary>
    public const string DroppedBefore = "OrleansIoT-Dropped-Before";

    private const int FlushAt = 32 * 1024;
    private const int LongestName = 100;

    public async Task Write<T>(HttpContext context, AnswerFormat format, TopicAddress range, Slice<T> slice, RowFormat<T> rows, TimeZoneInfo? zone = null)
    {
        var response = context.Response;
        response.ContentType = format == AnswerFormat.Csv
            ? $"{AnswerFormats.Csv}; charset=utf-8; header=present"
            : AnswerFormats.NdJson;
        response.Headers.ContentDisposition = $"attachment; filename=\"{FileName(range)}.{(format == AnswerFormat.Csv ? "csv" : "ndjson")}\"";
        if (slice.Dropped is { } dropped)
        {
            response.Headers[DroppedBefore] = dropped.Before.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
        }

        try
        {
            await Write(response.BodyWriter, Writer(format, response.BodyWriter, rows, zone), slice, context.RequestAborted);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // it has hung up
        }
        catch (Exception failure)
        {
            LogBrokenOff(failure);
            context.Abort();
        }
    }

    private static async Task Write<T>(PipeWriter body, Action<T> write, Slice<T> slice, CancellationToken cancellation)
    {
        while (true)
        {
            foreach (var row in slice.Rows)
            {
                write(row);
                if (body.UnflushedBytes >= FlushAt)
                {
                    await body.FlushAsync(cancellation);
                }
            }

            await body.FlushAsync(cancellation);
            if (slice.Next is null)
            {
                return;
            }

            slice = await slice.Next();
        }
    }

    private static Action<T> Writer<T>(AnswerFormat format, PipeWriter body, RowFormat<T> rows, TimeZoneInfo? zone)
    {
        if (format == AnswerFormat.Csv)
        {
            var csv = new CsvWriter(body, zone);
            csv.Header(rows.Header);
            return row =>
            {
                rows.Csv(csv, row);
                csv.EndRecord();
            };
        }

        var json = new Utf8JsonWriter(body, TelemetryJson.Line);
        return row =>
        {
            json.Reset();
            rows.Json(json, row);
            json.Flush();
            body.Write("\n"u8);
        };
    }

    /// <summary>Letters, digits, '-' and '_' of the topic, which may be anything.</summary>
    private static string FileName(TopicAddress range)
    {
        var name = new StringBuilder(range.Topic.Length > LongestName ? range.Topic[..LongestName] : range.Topic);
        name.Append('_').Append(range.Start.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        name.Append('_').Append(range.End.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        for (var i = 0; i < name.Length; i++)
        {
            name[i] = char.IsAsciiLetterOrDigit(name[i]) || name[i] == '-' ? name[i] : '_';
        }

        return name.ToString();
    }
}
