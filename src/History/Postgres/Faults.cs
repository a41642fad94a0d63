using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>What an exception of Npgsql means for what was asked.</summary>
internal static class Faults
{
    /// <summary>The values of one statement were wrong; everything else would have hit any statement.</summary>
    public static bool IsOfStatement(Exception e) =>
        e is PostgresException fault
            ? fault.SqlState[..2] is "21" or "22" or "23" or "42" or "54" && !IsOfServer(fault)
            : e is not NpgsqlException and not IOException and not TimeoutException and not StaleNamesException
                and not ObjectDisposedException and not PostgresUnusableException;

    /// <summary>Another transaction was in the way; the same one may succeed now.</summary>
    public static bool IsOfOrder(Exception e) =>
        e is StaleNamesException
        || e is PostgresException
        {
            SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.LockNotAvailable,
        };

    /// <summary>The server is away, ending, starting, or no longer the one that takes writes: it may come back.</summary>
    public static bool IsOutage(Exception e) => e is PostgresException fault
        ? fault.SqlState.StartsWith("08", StringComparison.Ordinal) || fault.SqlState.StartsWith("57P", StringComparison.Ordinal)
          || fault.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections
              or "25P03" // idle in a transaction for too long: this process hung
        : e is NpgsqlException or IOException or TimeoutException or ObjectDisposedException;

    // 42501 insufficient privilege, 42P01 undefined table: what the server is like, not what a write says.
    private static bool IsOfServer(PostgresException fault) => fault.SqlState is "42501" or "42P01" or "42703" or "42883";
}
