using OrleansIoT.History.Chunks;
using OrleansIoT.History.Sqlite.Chunks;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class TopicReader
{
    /// <summary>
    /// Those behind a number, ascending by number. Chunks are sorted by time, so they are looked for in a window of numbers
    /// after the other; what is in the log has the greatest numbers.
    /// </summary>
    /// <param name="seq">The number before the first that is asked for.</param>
    /// <param name="window">How many numbers are looked for at a time.</param>
    public IEnumerable<StoredReading> After(long seq, int window)
    {
        if (Row is null)
        {
            yield break;
        }

        while (seq < Row.Watermark)
        {
            var upTo = Math.Min(seq + window, Row.Watermark);
            var found = InChunks(seq, upTo);
            foreach (var reading in found)
            {
                yield return reading;
            }

            seq = found.Count > 0 ? upTo : NextInChunks(upTo);
        }

        for (var i = _pending.Length - Behind(_pending, seq).Length; i < _pending.Length; i++)
        {
            yield return ReadPending(i);
        }
    }

    private List<StoredReading> InChunks(long after, long upTo)
    {
        var found = new List<StoredReading>();
        foreach (var row in ChunkRow.WithSeqs(_connection, Row!.Id, after, upTo))
        {
            Take(row);
        }

        if (found.Count < upTo - after) // numbers have no gaps, unless retention made some
        {
            foreach (var row in ChunkRow.WithoutSeqs(_connection, Row.Id))
            {
                Take(row);
            }
        }

        found.Sort((one, other) => one.Seq.CompareTo(other.Seq));
        return found;

        void Take(ChunkRow row)
        {
            var chunk = row.Open(_connection, _topic);
            var seqs = chunk.Seq;
            for (var i = 0; i < seqs.Length; i++)
            {
                if (seqs[i] > after && seqs[i] <= upTo)
                {
                    found.Add(chunk[i]);
                }
            }
        }
    }

    /// <summary>The number before the next one that can be in a chunk, or the last that was ever in one.</summary>
    private long NextInChunks(long after) =>
        ChunkRow.WithoutSeqs(_connection, Row!.Id).Any() ? after
        : ChunkRow.LeastSeq(_connection, Row.Id, after) is { } least ? Math.Max(after, least - 1)
        : Row.Watermark;
}
