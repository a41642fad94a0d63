using SQLitePCL;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// A connection for one thread at a time, with its statements, each prepared once. It uses SQLite's own interface:
/// through ADO.NET (a boxed value a parameter, a reader a row) a third to a half fewer rows are inserted, see benchmarks/Store.
/// </summary>
internal sealed class Connection : IDisposable
{
    private const int BusyMilliseconds = 5_000;

    // Appends wait with it. A reader that takes longer, as a backup does, only lets the write-ahead log grow.
    private const int CheckpointMilliseconds = 50;

    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);
    private readonly sqlite3 _handle;

    static Connection() => Batteries_V2.Init();

    private Connection(string path, sqlite3 handle)
    {
        Path = path;
        _handle = handle;
    }

    public string Path { get; }

    public sqlite3 Handle => _handle;

    public bool IsInTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Opens the connection that writes. The file must exist; an empty one is a new database.</summary>
    public static Connection OpenWriter(string path) => Open(path, raw.SQLITE_OPEN_READWRITE, cacheKiB: 32 << 10);

    public static Connection OpenReader(string path) => Open(path, raw.SQLITE_OPEN_READONLY, cacheKiB: 8 << 10);

    /// <summary>
    /// What durability hangs on, set and read back: SQLite answers a refused setting with the old value and no error.
    /// </summary>
    public Connection MakeDurable()
    {
        if (raw.sqlite3_db_readonly(_handle, "main") == 0)
        {
            Require("journal_mode", TextPragma("journal_mode = WAL"), "wal");
            Execute("PRAGMA wal_autocheckpoint = 0"); // the writer does it, after it has acknowledged
            Execute("PRAGMA journal_size_limit = 67108864"); // a log that had to grow larger is cut back to 64 MiB
        }

        Execute("PRAGMA synchronous = FULL");
        Require("journal_mode", TextPragma("journal_mode"), "wal");
        Require("synchronous", TextPragma("synchronous"), "2");
        return this;
    }

    /// <summary>The statement, ready to be bound; disposing of it makes it ready for the next use.</summary>
    public Statement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var prepared));
            _statements.Add(sql, statement = new Statement(this, prepared));
        }

        return statement;
    }

    /// <summary>Runs statements that return nothing, once.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    public long Pragma(string name)
    {
        using var pragma = Prepare($"PRAGMA {name}");
        return pragma.Step() ? pragma.Int64(0) : throw new SqliteException(raw.SQLITE_ERROR, $"no pragma {name}");
    }

    public string TextPragma(string name)
    {
        using var pragma = Prepare($"PRAGMA {name}");
        return pragma.Step() ? pragma.Text(0) : throw new SqliteException(raw.SQLITE_ERROR, $"no pragma {name}");
    }

    /// <summary>Begins a transaction; that of a writer takes the write lock at once.</summary>
    public void Begin(bool write = true) => Prepare(write ? "BEGIN IMMEDIATE" : "BEGIN").Run();

    public void Commit() => Prepare("COMMIT").Run();

    /// <summary>Ends the transaction if there is one; a failed statement may have ended it already.</summary>
    public void Rollback()
    {
        if (IsInTransaction)
        {
            Prepare("ROLLBACK").Run();
        }
    }

    /// <summary>Stops what runs, from any thread.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_handle);

    /// <summary>How many pages were written to the write-ahead log since this was asked last.</summary>
    public int TakePagesWritten()
    {
        Check(raw.sqlite3_db_status(_handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, resetFlg: 1));
        return pages;
    }

    /// <summary>Moves the write-ahead log into the database, as far as readers let it.</summary>
    /// <param name="mode">One of SQLITE_CHECKPOINT_PASSIVE, _RESTART, _TRUNCATE.</param>
    /// <returns>How many pages the write-ahead log has.</returns>
    public int Checkpoint(int mode)
    {
        Check(raw.sqlite3_busy_timeout(_handle, CheckpointMilliseconds));
        try
        {
            var result = raw.sqlite3_wal_checkpoint_v2(_handle, "main", mode, out var pages, out _);
            Check(result == raw.SQLITE_BUSY ? raw.SQLITE_OK : result);
            return pages;
        }
        finally
        {
            Check(raw.sqlite3_busy_timeout(_handle, BusyMilliseconds));
        }
    }

    public void Check(int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw Error(result);
        }
    }

    public SqliteException Error(int result) =>
        new(raw.sqlite3_extended_errcode(_handle) is var code && (code & 0xFF) == (result & 0xFF) ? code : result,
            raw.sqlite3_errmsg(_handle).utf8_to_string());

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Close();
        }

        _handle.Dispose();
    }

    private static Connection Open(string path, int mode, int cacheKiB)
    {
        // One thread at a time uses a connection, so SQLite needs no mutex around it.
        var result = raw.sqlite3_open_v2(path, out var handle, mode | raw.SQLITE_OPEN_NOMUTEX, null);
        var connection = new Connection(path, handle);
        try
        {
            connection.Check(result);
            connection.Check(raw.sqlite3_busy_timeout(handle, BusyMilliseconds));
            connection.Execute($"PRAGMA cache_size = -{cacheKiB}");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Require(string setting, string actual, string wanted)
    {
        if (actual != wanted)
        {
            throw new SqliteException(raw.SQLITE_ERROR, $"{setting} of {Path} is {actual} and should be {wanted}");
        }
    }
}
