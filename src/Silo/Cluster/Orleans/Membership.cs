using System.Diagnostics;
using Npgsql;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>The tables in which the silos of a cluster are listed, beside the readings in PostgreSQL, in a schema of their own.</summary>
internal static class Membership
{
    public const string Schema = "orleans";

    /// <summary>Of this product among the advisory locks of a database; ten silos that start at once make the tables one after the other.</summary>
    private const long Lock = 6_878_072_520_123_041;

    /// <summary>How long a process that starts waits for a server that is away: then it ends, and whoever has started it is to see that.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Between two attempts.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Makes the tables, or brings them to what this version asks for.</summary>
    /// <returns>What Orleans' providers are to connect with.</returns>
    /// <exception cref="CannotStartException">The database does not answer, or does not let us.</exception>
    public static string Apply(string connectionString)
    {
        var ours = Connection(connectionString);
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                MakeTables(ours);
                return ours;
            }
            catch (NpgsqlException e) when (e.IsTransient && Stopwatch.GetElapsedTime(began) < Patience)
            {
                Thread.Sleep(Pause); // at the start, when there is nobody to keep waiting
            }
            catch (NpgsqlException e)
            {
                throw new CannotStartException($"The cluster's membership cannot be kept in PostgreSQL: {e.Message}");
            }
        }
    }

    /// <summary>The same database, and in it the schema of the membership.</summary>
    public static string Connection(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        SearchPath = Schema,
        ApplicationName = "orleans-iot membership",
    }.ConnectionString;

    private static void MakeTables(string connectionString)
    {
        using var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        using var transaction = connection.BeginTransaction();
        Run(connection, $"SELECT pg_advisory_xact_lock({Lock}); CREATE SCHEMA IF NOT EXISTS {Schema}");
        Run(connection, Script());
        transaction.Commit();
    }

    private static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static string Script()
    {
        using var stream = typeof(Membership).Assembly.GetManifestResourceStream(typeof(Membership), "membership.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
