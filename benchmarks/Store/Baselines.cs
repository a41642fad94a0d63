using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>The layers below the history, each as fast as it goes alone, from one thread.</summary>
internal static partial class Baselines
{
    public static TimeSpan RunTime { get; set; } = TimeSpan.FromSeconds(0.9);

    // What a reading weighs here: a small JSON payload, see HistoryLoad.
    public static readonly byte[] Payload = Encoding.UTF8.GetBytes("""{"ts":1772366400123,"value":21.53}""");

    private const string CreateReading =
        """
        CREATE TABLE reading (
            topic INTEGER, at INTEGER, seq INTEGER, device INTEGER, device_seq INTEGER, received_at INTEGER,
            has_own_time INTEGER, dup INTEGER, packet_id INTEGER, payload BLOB, PRIMARY KEY (topic, at, seq)) WITHOUT ROWID
        """;

    private const string InsertReading = "INSERT INTO reading VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    public static Func<Task<Measured>> SyncAlone(string directory)
    {
        var file = File.OpenHandle(Path.Combine(directory, "sync"), FileMode.Create, FileAccess.Write);
        var page = new byte[4_096];
        var offset = 0L;
        return () => Repeat(1, () =>
        {
            RandomAccess.Write(file, page, offset);
            offset += page.Length;
            if (Sync((int)file.DangerousGetHandle()) != 0)
            {
                throw new IOException("fdatasync failed.");
            }
        });
    }

    public static Func<Task<Measured>> OneBlobACommit(string directory, int readings)
    {
        var database = Open(directory, $"blobs-{readings}", "CREATE TABLE log (id INTEGER PRIMARY KEY, readings BLOB)");
        var insert = Prepare(database, "INSERT INTO log (readings) VALUES (?1)");
        var blob = new byte[readings * (Payload.Length + 16)];
        new Random(1).NextBytes(blob);
        return () => Repeat(readings, () =>
        {
            raw.sqlite3_bind_blob(insert, 1, blob);
            Step(database, insert);
        });
    }

    public static Func<Task<Measured>> RowsByRaw(string directory, int readings)
    {
        var database = Open(directory, "raw", CreateReading);
        var begin = Prepare(database, "BEGIN");
        var commit = Prepare(database, "COMMIT");
        var insert = Prepare(database, InsertReading);
        var seq = 0L;
        return () => Repeat(readings, () =>
        {
            Step(database, begin);
            for (var i = 0; i < readings; i++)
            {
                seq++;
                raw.sqlite3_bind_int64(insert, 1, seq % 50);
                raw.sqlite3_bind_int64(insert, 2, 638_000_000_000_000_000 + seq * 10_000);
                raw.sqlite3_bind_int64(insert, 3, seq / 50);
                raw.sqlite3_bind_int64(insert, 4, seq % 50);
                raw.sqlite3_bind_int64(insert, 5, seq / 50);
                raw.sqlite3_bind_int64(insert, 6, 638_000_000_000_000_000 + seq * 10_000);
                raw.sqlite3_bind_int64(insert, 7, 1);
                raw.sqlite3_bind_int64(insert, 8, 0);
                raw.sqlite3_bind_int64(insert, 9, 7);
                raw.sqlite3_bind_blob(insert, 10, Payload);
                Step(database, insert);
            }

            Step(database, commit);
        });
    }

    public static Func<Task<Measured>> RowsByAdoNet(string directory, int readings)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "ado")}");
        connection.Open();
        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;" + CreateReading);
        var insert = connection.CreateCommand();
        insert.CommandText = InsertReading;
        var parameters = Enumerable.Range(1, 10).Select(i => insert.Parameters.AddWithValue($"?{i}", 0L)).ToArray();
        insert.Prepare();
        var seq = 0L;
        return () => Repeat(readings, () =>
        {
            using var transaction = connection.BeginTransaction();
            insert.Transaction = transaction;
            for (var i = 0; i < readings; i++)
            {
                seq++;
                parameters[0].Value = seq % 50;
                parameters[1].Value = 638_000_000_000_000_000 + seq * 10_000;
                parameters[2].Value = seq / 50;
                parameters[3].Value = seq % 50;
                parameters[4].Value = seq / 50;
                parameters[5].Value = 638_000_000_000_000_000 + seq * 10_000;
                parameters[6].Value = 1L;
                parameters[7].Value = 0L;
                parameters[8].Value = 7L;
                parameters[9].Value = Payload;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        });

        void Execute(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }

    private static Task<Measured> Repeat(int readings, Action commit)
    {
        var waits = new List<double>();
        var started = Stopwatch.GetTimestamp();
        var last = started;
        do
        {
            commit();
            var now = Stopwatch.GetTimestamp();
            waits.Add(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
            last = now;
        }
        while (Stopwatch.GetElapsedTime(started, last) < RunTime);

        var committed = (long)waits.Count * readings;
        return Task.FromResult(Measured.Of(committed, Stopwatch.GetElapsedTime(started, last), waits));
    }

    private static sqlite3 Open(string directory, string name, string schema)
    {
        Batteries_V2.Init();
        Check(raw.sqlite3_open(Path.Combine(directory, name), out var database), database);
        Check(raw.sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768"), database);
        Check(raw.sqlite3_exec(database, schema), database);
        return database;
    }

    private static sqlite3_stmt Prepare(sqlite3 database, string sql)
    {
        Check(raw.sqlite3_prepare_v2(database, sql, out var statement), database);
        return statement;
    }

    private static void Step(sqlite3 database, sqlite3_stmt statement)
    {
        raw.sqlite3_step(statement);
        Check(raw.sqlite3_reset(statement), database);
    }

    private static void Check(int result, sqlite3 database)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new IOException(raw.sqlite3_errmsg(database).utf8_to_string());
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync")]
    private static partial int Sync(int descriptor);
}
