using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>The ladder of schema versions: step n leads from version n to n + 1, in a transaction of its own.</summary>
internal static class Schema
{
    public const string Name = "iot";

    /// <summary>Of this product among the advisory locks of a database; held while the schema is looked at or changed.</summary>
    public const long Lock = 6_878_072_520_123_040;

    public static readonly IReadOnlyList<string> Steps =
    [
        Resource("schema.sql"), Resource("schema-2.sql"), Resource("schema-3.sql"), Resource("schema-4.sql"),
        Resource("schema-5.sql"),
    ];

    /// <summary>Climbs from the database's version to the newest; of many processes one does, and the others wait for it.</summary>
    /// <exception cref="PostgresUnusableException">It was written by a newer version of this program.</exception>
    public static void Apply(NpgsqlConnection connection, IReadOnlyList<string> steps)
    {
        connection.Run("SELECT pg_advisory_lock($1)", Lock);
        try
        {
            for (var version = Version(connection); version < steps.Count; version++)
            {
                using var transaction = connection.BeginTransaction();
                connection.Run($"CREATE SCHEMA IF NOT EXISTS {Name}");
                connection.Run("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)");
                using var step = connection.Sql(steps[version]);
                step.CommandTimeout = 0; // it may look at every reading
                step.ExecuteNonQuery();
                connection.Run("DELETE FROM schema_version");
                connection.Run("INSERT INTO schema_version VALUES ($1)", version + 1);
                transaction.Commit();
            }
        }
        finally
        {
            connection.Run("SELECT pg_advisory_unlock($1)", Lock);
        }
    }

    private static int Version(NpgsqlConnection connection)
    {
        var version = connection.All(row => row.IsDBNull(0), "SELECT to_regclass($1)::text", $"{Name}.schema_version") is [true]
            ? 0
            : connection.All(row => row.GetInt32(0), "SELECT version FROM schema_version").Single();
        return version <= Steps.Count
            ? version
            : throw new PostgresUnusableException(
                $"The database has schema {version}, this version knows {Steps.Count}. "
                + "Start the version that wrote it, or use another database.");
    }

    private static string Resource(string name)
    {
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(typeof(Schema), name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
