using System.Text;
using SQLitePCL;

namespace OrleansIoT.History.Sqlite;

/// <summary>A prepared statement. Parameters count from 1 and columns from 0, as in SQLite.</summary>
internal sealed class Statement(Connection connection, sqlite3_stmt handle) : IDisposable
{
    private const int StackBytes = 512;

    public Statement Bind(int parameter, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, bool value) => Bind(parameter, value ? 1 : 0);

    public Statement Bind(int parameter, DateTimeOffset value) => Bind(parameter, value.UtcTicks);

    public Statement Bind(int parameter, DateTimeOffset? value) =>
        value is { } time ? Bind(parameter, time) : BindNull(parameter);

    public Statement Bind(int parameter, string text)
    {
        Span<byte> stack = stackalloc byte[StackBytes];
        return Encoding.UTF8.TryGetBytes(text, stack, out var length)
            ? BindText(parameter, stack[..length])
            : BindText(parameter, Encoding.UTF8.GetBytes(text));
    }

    public Statement BindNull(int parameter)
    {
        connection.Check(raw.sqlite3_bind_null(handle, parameter));
        return this;
    }

    public Statement BindText(int parameter, ReadOnlySpan<byte> utf8)
    {
        connection.Check(raw.sqlite3_bind_text(handle, parameter, utf8));
        return this;
    }

    public Statement Bind(int parameter, ReadOnlySpan<byte> blob)
    {
        connection.Check(raw.sqlite3_bind_blob(handle, parameter, blob));
        return this;
    }

    /// <returns>Whether there is a row.</returns>
    public bool Step()
    {
        var result = raw.sqlite3_step(handle);
        return result switch
        {
            raw.SQLITE_ROW => true,
            raw.SQLITE_DONE => false,
            _ => throw connection.Error(result),
        };
    }

    /// <summary>Runs to the end, for its effect, and makes itself ready for the next use.</summary>
    public void Run()
    {
        try
        {
            while (Step())
            {
            }
        }
        finally
        {
            Dispose();
        }
    }

    public int Columns => raw.sqlite3_column_count(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public bool Bool(int column) => Int64(column) != 0;

    public DateTimeOffset Time(int column) => new(Int64(column), TimeSpan.Zero);

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    /// <summary>Valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(handle, column);

    // By its bytes, because a text may contain U+0000.
    public string Text(int column) => Encoding.UTF8.GetString(Blob(column));

    public void Dispose() => _ = raw.sqlite3_reset(handle); // answers with the error of the last step, already thrown

    public void Close() => handle.Dispose();
}
