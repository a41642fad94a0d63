using System.Text.Json;
using Npgsql;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>What the processes of a cluster have to agree on, one name at a time.</summary>
/// <param name="Name">As an operator knows it.</param>
/// <param name="Values">What this process has; two processes agree when they have one in common.</param>
internal sealed record Term(string Name, IReadOnlyList<string> Values);

/// <summary>
/// Each process of a cluster has a row with what it goes by, beside the membership, and renews it. One that starts compares
/// itself with all that run, under a lock, and does not join where it differs: it could not be believed, or would believe
/// anybody.
/// </summary>
internal sealed class Agreement(string connectionString, string cluster, string process, string role)
{
    /// <summary>Of this product among the advisory locks of a database; beside that of the membership.</summary>
    private const long Lock = 6_878_072_520_123_042;

    private const string Others =
        """
        SELECT role, terms FROM agreement
        WHERE cluster = $1 AND process <> $2 AND seen_at > clock_timestamp() - interval '30 seconds' ORDER BY process
        """;

    private const string Put =
        """
        INSERT INTO agreement (cluster, process, role, terms, seen_at) VALUES ($1, $2, $3, $4, clock_timestamp())
        ON CONFLICT (cluster, process) DO UPDATE SET terms = excluded.terms, seen_at = excluded.seen_at
        """;

    private const string Remove =
        "DELETE FROM agreement WHERE cluster = $1 AND (process = $2 OR seen_at < clock_timestamp() - interval '1 day')";

    /// <exception cref="CannotStartException">A process that runs goes by something else; the message says by what.</exception>
    public async Task Join(IReadOnlyList<Term> own, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Run(connection, $"SELECT pg_advisory_xact_lock({Lock})", cancellation);
        await using (var read = Command(connection, Others, cluster, process))
        await using (var row = await read.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                Check(row.GetString(0), own, JsonSerializer.Deserialize<List<Term>>(row.GetString(1))!);
            }
        }

        await Run(connection, Put, cancellation, cluster, process, role, JsonSerializer.Serialize(own));
        await transaction.CommitAsync(cancellation);
    }

    public async Task Renew(IReadOnlyList<Term> own, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await Run(connection, Put, cancellation, cluster, process, role, JsonSerializer.Serialize(own));
    }

    public async Task Leave(CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await Run(connection, Remove, cancellation, cluster, process);
    }

    private void Check(string otherRole, IReadOnlyList<Term> own, List<Term> others)
    {
        var differences = from term in own
                          let other = others.Find(other => other.Name == term.Name)
                          where other is not null && !term.Values.Intersect(other.Values).Any()
                          select $"{term.Name} is {string.Join(" or ", term.Values)} here and {string.Join(" or ", other.Values)} there";
        if (differences.ToList() is { Count: > 0 } found)
        {
            throw new CannotStartException(
                $"This process may not join the cluster '{cluster}', in which a {otherRole} runs: {string.Join("; ", found)}. "
                + "A change for all takes a stop of all, or half a minute after the last of them was killed.");
        }
    }

    private static async Task Run(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
