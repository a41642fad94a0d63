using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>Commands with parameters by position, and rows with our types.</summary>
internal static class Commands
{
    public static NpgsqlCommand Sql(this NpgsqlConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlCommand(text, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = Stored(value) });
        }

        return command;
    }

    /// <returns>How many rows it changed.</returns>
    public static int Run(this NpgsqlConnection connection, string text, params ReadOnlySpan<object?> values)
    {
        using var command = connection.Sql(text, values);
        return command.ExecuteNonQuery();
    }

    public static List<T> All<T>(
        this NpgsqlConnection connection, Func<NpgsqlDataReader, T> read, string text, params ReadOnlySpan<object?> values)
    {
        using var command = connection.Sql(text, values);
        using var rows = command.ExecuteReader();
        var all = new List<T>();
        while (rows.Read())
        {
            all.Add(read(rows));
        }

        return all;
    }

    /// <summary>
    /// Rows by and by, in a transaction: whoever breaks off leaves no more than <paramref name="fetch"/> of them on the wire.
    /// </summary>
    public static IEnumerable<NpgsqlDataReader> Cursor(
        this NpgsqlConnection connection, int fetch, string query, params object?[] values)
    {
        connection.Run($"DECLARE page NO SCROLL CURSOR FOR {query}", values);
        for (var count = fetch; count == fetch;)
        {
            count = 0;
            using var command = connection.Sql($"FETCH {fetch} FROM page");
            using var rows = command.ExecuteReader();
            for (; rows.Read(); count++)
            {
                yield return rows;
            }
        }

        connection.Run("CLOSE page");
    }

    public static string Text(this NpgsqlDataReader row, int column) => Postgres.Text.Decode(row.GetString(column));

    public static DateTimeOffset Time(this NpgsqlDataReader row, int column) => new(row.GetInt64(column), TimeSpan.Zero);

    public static DateTimeOffset? TimeOrNull(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.Time(column);

    public static byte[] Bytes(this NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    private static object Stored(object? value) => value switch
    {
        null => DBNull.Value,
        string text => Postgres.Text.Encode(text),
        string[] texts => Array.ConvertAll(texts, Postgres.Text.Encode),
        DateTimeOffset time => time.UtcTicks,
        uint number => (long)number,
        ushort number => (int)number,
        _ => value,
    };
}
