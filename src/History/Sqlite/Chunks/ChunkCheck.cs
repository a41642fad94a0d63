using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>
/// Reads every chunk once and says which are damaged, beside everything else and in small steps: a start need not wait for
/// it, however large the history is.
/// </summary>
internal sealed partial class ChunkCheck(Readers readers, ILogger logger)
{
    // What one step reads; no snapshot is held longer, or the write-ahead log could not be begun anew.
    private const int Step = 100;

    private const string Next =
        "SELECT chunk.id, topic.name FROM chunk JOIN topic ON topic.id = chunk.topic WHERE chunk.id > ?1 ORDER BY chunk.id LIMIT ?2";

    /// <returns>How many chunks there are, and how many of them are damaged.</returns>
    public async Task<(long Chunks, long Damaged)> Run(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var (chunks, damaged, last, isMore) = (0L, 0L, 0L, true);
        while (isMore)
        {
            var step = await readers.Read(connection => CheckSome(connection, last), cancellation);
            chunks += step.Chunks;
            damaged += step.Damage.Count;
            step.Damage.ForEach(damage => LogDamaged(logger, damage));
            (last, isMore) = (step.Last, step.Chunks == Step);
        }

        if (damaged == 0)
        {
            LogSound(logger, chunks, Stopwatch.GetElapsedTime(started));
        }
        else
        {
            LogUnsound(logger, damaged, chunks);
        }

        return (chunks, damaged);
    }

    private static (int Chunks, long Last, List<string> Damage) CheckSome(Connection connection, long after)
    {
        var some = new List<(long Id, string Topic)>();
        using (var rows = connection.Prepare(Next).Bind(1, after).Bind(2, Step))
        {
            while (rows.Step())
            {
                some.Add((rows.Int64(0), rows.Text(1)));
            }
        }

        var damage = new List<string>();
        foreach (var (id, topic) in some)
        {
            try
            {
                ChunkRow.Find(connection, id)?.Open(connection, topic);
            }
            catch (FailureException e)
            {
                damage.Add(e.Message);
            }
        }

        return (some.Count, some.Count == 0 ? after : some[^1].Id, damage);
    }

    [LoggerMessage(LogLevel.Error, "{Damage}")]
    private static partial void LogDamaged(ILogger logger, string damage);

    [LoggerMessage(LogLevel.Information, "All {Chunks} chunks of the history were read and are sound; it took {Duration}")]
    private static partial void LogSound(ILogger logger, long chunks, TimeSpan duration);

    [LoggerMessage(LogLevel.Error, "{Damaged} of {Chunks} chunks of the history are damaged; everything else can be read. Restore a backup to have them again")]
    private static partial void LogUnsound(ILogger logger, long damaged, long chunks);
}
