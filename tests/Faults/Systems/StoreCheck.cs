using Microsoft.Data.Sqlite;
using Npgsql;

namespace OrleansIoT.Faults.Systems;

/// <summary>What a store finds wrong with itself.</summary>
internal static class StoreCheck
{
    /// <summary>Every B-tree of ours, by PostgreSQL's own extension.</summary>
    public static async Task<IReadOnlyList<string>> OfPostgres(string connectionString)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(connectionString);
            await using var command = source.CreateCommand(
                """
                CREATE EXTENSION IF NOT EXISTS amcheck;
                SELECT bt_index_check(index => c.oid, heapallindexed => true)
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_am am ON am.oid = c.relam
                WHERE n.nspname IN ('iot', 'orleans') AND am.amname = 'btree' AND c.relkind = 'i' AND i.indisready AND i.indisvalid
                """);
            command.CommandTimeout = 600;
            await command.ExecuteNonQueryAsync();
            return [];
        }
        catch (NpgsqlException e)
        {
            return [$"amcheck: {e.Message}"];
        }
    }

    /// <summary>The database file of a process that has ended.</summary>
    public static async Task<IReadOnlyList<string>> OfSqlite(string file)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        var answer = (string?)await command.ExecuteScalarAsync();
        return answer == "ok" ? [] : [$"integrity_check: {answer}"];
    }
}
