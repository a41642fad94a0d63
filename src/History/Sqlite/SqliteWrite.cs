namespace OrleansIoT.History.Sqlite;

/// <summary>A write that runs inside the transaction of its group.</summary>
internal abstract class SqliteWrite : Write
{
    private Exception? _refusal;

    /// <summary>
    /// Runs the write's statements. It may run again, when the transaction is repeated without another write.
    /// </summary>
    /// <returns>Why the write is refused, in which case it has changed nothing; else null.</returns>
    protected abstract Exception? Apply(Connection connection);

    /// <summary>On the writer's thread, when it is durable, before its task completes.</summary>
    protected virtual void OnDurable()
    {
    }

    public void Run(Connection connection) => _refusal = Apply(connection);

    /// <summary>Says how <see cref="Run"/> ended. A refusal waits for the commit too: it may rest on what that one stores.</summary>
    public void Settle()
    {
        if (_refusal is null)
        {
            OnDurable();
            Succeed();
        }
        else
        {
            Fail(_refusal);
        }
    }

    public bool IsRefused => _refusal is not null;
}
