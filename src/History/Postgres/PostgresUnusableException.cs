namespace OrleansIoT.History.Postgres;

/// <summary>The database cannot be used; the message is one line that says why, for whoever starts the process.</summary>
public sealed class PostgresUnusableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
