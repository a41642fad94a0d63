namespace OrleansIoT.History.Sqlite;

/// <summary>The ladder of schema versions: step n leads from version n to n + 1, in a transaction of its own.</summary>
internal static class Schema
{
    public static readonly IReadOnlyList<string> Steps =
    [
        Resource("schema.sql"), Resource("schema-2.sql"), Resource("schema-3.sql"), Resource("schema-4.sql"), Resource("schema-5.sql"),
        Resource("schema-6.sql"), Resource("schema-7.sql"),
    ];

    /// <returns>The database's version; 0 for a new one.</returns>
    /// <exception cref="DataDirectoryException">It was written by a newer version of this program.</exception>
    public static int Check(Connection connection, IReadOnlyList<string> steps)
    {
        var version = (int)connection.Pragma("user_version");
        return version <= steps.Count
            ? version
            : throw new DataDirectoryException(
                $"The database {connection.Path} has schema {version}, this version knows {steps.Count}. " +
                "Start the version that wrote it, or use another data directory.");
    }

    /// <summary>Climbs from the database's version to the newest.</summary>
    public static void Apply(Connection connection, IReadOnlyList<string> steps)
    {
        for (var version = Check(connection, steps); version < steps.Count; version++)
        {
            connection.Begin();
            try
            {
                connection.Execute(steps[version]);
                connection.Execute($"PRAGMA user_version = {version + 1}");
                connection.Commit();
            }
            catch
            {
                connection.Rollback();
                throw;
            }
        }
    }

    private static string Resource(string name)
    {
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(typeof(Schema), name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
