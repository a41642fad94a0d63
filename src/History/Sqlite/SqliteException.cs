using SQLitePCL;

namespace OrleansIoT.History.Sqlite;

/// <summary>SQLite refused; <paramref name="code"/> is its extended result code.</summary>
internal sealed class SqliteException(int code, string message) : Exception($"SQLite: {message} ({code})")
{
    public int Code => code;

    private int PrimaryCode => code & 0xFF;

    /// <summary>Whether the values of one statement were wrong; everything else would have hit any statement.</summary>
    public bool IsFaultOfStatement =>
        PrimaryCode is raw.SQLITE_CONSTRAINT or raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH;

    public bool IsFull => PrimaryCode is raw.SQLITE_FULL;

    /// <summary>What is stored is not what was written.</summary>
    public bool IsCorrupt => PrimaryCode is raw.SQLITE_CORRUPT || IsNoDatabase;

    public bool IsNoDatabase => PrimaryCode is raw.SQLITE_NOTADB;

    public bool IsInterrupt => PrimaryCode is raw.SQLITE_INTERRUPT;
}
