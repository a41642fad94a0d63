namespace OrleansIoT.History.Sqlite.Log;

/// <summary>What a row of the log holds of one topic. Its readings follow one another there.</summary>
/// <param name="Topic">The topic's id.</param>
/// <param name="FirstSeq">The number of the first of them.</param>
/// <param name="Count">How many they are; their numbers are consecutive.</param>
/// <param name="FirstAt">Their least event time.</param>
/// <param name="LastAt">Their greatest event time.</param>
internal readonly record struct LogEntry(long Topic, long FirstSeq, int Count, long FirstAt, long LastAt)
{
    public long LastSeq => FirstSeq + Count - 1;
}

/// <summary>
/// The directory of a row of the log, with a checksum of its own: when readings are damaged it still says which they were.
/// </summary>
internal static class LogDirectory
{
    public static void Write(LogBuffer bytes, LogEntry entry)
    {
        bytes.WriteNumber(entry.Topic);
        bytes.WriteNumber(entry.FirstSeq);
        bytes.WriteNumber(entry.Count);
        bytes.WriteNumber(entry.FirstAt);
        bytes.WriteNumber(entry.LastAt - entry.FirstAt);
    }

    /// <returns>Null when it is damaged.</returns>
    public static List<LogEntry>? Read(ReadOnlySpan<byte> sealedBytes)
    {
        if (!LogBuffer.IsWhole(sealedBytes))
        {
            return null;
        }

        var bytes = sealedBytes[..^sizeof(uint)];
        var entries = new List<LogEntry>();
        for (var offset = 0; offset < bytes.Length;)
        {
            var (topic, firstSeq) = (Varint.Read(bytes, ref offset), Varint.Read(bytes, ref offset));
            var (count, firstAt) = ((int)Varint.Read(bytes, ref offset), Varint.Read(bytes, ref offset));
            entries.Add(new LogEntry(topic, firstSeq, count, firstAt, firstAt + Varint.Read(bytes, ref offset)));
        }

        return entries;
    }
}
