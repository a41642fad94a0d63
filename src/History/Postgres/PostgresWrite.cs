using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>A write that runs inside the transaction of its group.</summary>
internal abstract class PostgresWrite : Write
{
    /// <summary>Why it is refused, in which case it changes nothing; it is told after the commit, on which it may rest.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>The keys of the sessions whose rows it changes, for all who write to lock them in one order.</summary>
    public virtual IEnumerable<string> Sessions => [];

    public void Settle()
    {
        if (Refusal is null)
        {
            Succeed();
        }
        else
        {
            Fail(Refusal);
        }
    }
}

/// <summary>A write of a few statements, which may run again when the transaction is repeated.</summary>
/// <param name="size">What it weighs against the limits, in bytes.</param>
/// <param name="apply">Answers why the write is refused and has then changed nothing, or null.</param>
/// <param name="session">The key of the session that it is about, or null.</param>
internal sealed class Statements(long size, Func<NpgsqlConnection, Exception?> apply, string? session) : PostgresWrite
{
    public override long Size => size;

    public override IEnumerable<string> Sessions => session is null ? [] : [session];

    public void Run(NpgsqlConnection connection) => Refusal = apply(connection);
}
