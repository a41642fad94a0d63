using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>What a server must be like, so that acknowledged means stored; and what a connection asks of it.</summary>
internal static class PostgresServerRules
{
    private const int OldestVersion = 15;

    private const string Settings =
        """
        SELECT current_setting('server_version_num')::integer, current_setting('fsync'), current_setting('full_page_writes'),
            (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), current_setting('server_encoding')
        """;

    // Every query here is meant to go by an index. Without statistics, as of a day's new partition, the planner would not know.
    private const string OfOurs =
        """
        SET default_transaction_isolation = 'read committed';
        SET default_transaction_read_only = off;
        SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET jit = off;
        SET client_min_messages = warning;
        """;

    // A stronger one of the server's stays: it waits for replicas to have replayed the commit.
    private const string SyncCommit =
        """
        SELECT set_config('synchronous_commit',
            CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
        """;

    /// <exception cref="PostgresUnusableException">The server would lose what it confirms, or is none that this program knows.</exception>
    public static void Check(NpgsqlConnection connection)
    {
        var (version, fsync, fullPageWrites, synchronousCommit, encoding) = connection.All(
            row => (row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4)), Settings).Single();
        if (version / 10_000 < OldestVersion)
        {
            throw new PostgresUnusableException($"The server is version {version / 10_000}; {OldestVersion} or newer is needed.");
        }

        if (encoding != "UTF8")
        {
            throw new PostgresUnusableException($"The database's encoding is {encoding}; UTF8 is needed.");
        }

        foreach (var (name, value) in new[]
                 {
                     ("fsync", fsync), ("full_page_writes", fullPageWrites), ("synchronous_commit", synchronousCommit),
                 })
        {
            if (value == "off")
            {
                throw new PostgresUnusableException(
                    $"The server's {name} is off: it would lose what it has confirmed. Set it to on.");
            }
        }
    }

    public static void Prepare(NpgsqlConnection connection, bool isWriter)
    {
        connection.Run(OfOurs);
        connection.Run(SyncCommit);
        if (isWriter)
        {
            // A process that hangs in the middle of a transaction would hold its rows against all others, also when nobody waits for them yet.
            connection.Run("SET idle_in_transaction_session_timeout = '10s'");
        }
    }
}
