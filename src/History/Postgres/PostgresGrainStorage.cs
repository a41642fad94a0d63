using System.Text;
using System.Text.Json;
using Npgsql;
using Orleans.Storage;

namespace OrleansIoT.History.Postgres;

/// <summary>Grain state as JSON, a row a grain and state name. An etag is never given twice, also after a clear.</summary>
internal sealed class PostgresGrainStorage(PostgresDatabase database) : IGrainStorage
{
    // What was read is part of the statement, so that of two processes one finds nothing to change.
    private const string Add =
        "INSERT INTO grain_state (grain, name, etag, state) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

    private const string Replace = "UPDATE grain_state SET etag = $3, state = $4 WHERE grain = $1 AND name = $2 AND etag = $5";

    private const string Remove = "DELETE FROM grain_state WHERE grain = $1 AND name = $2 AND etag = $3";

    private const string One = "SELECT etag, state FROM grain_state WHERE grain = $1 AND name = $2";

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var grain = grainId.ToString();
        var rows = await database.Read(connection =>
            connection.All(row => (ETag: row.GetString(0), State: row.GetString(1)), One, grain, stateName));
        if (rows is not [var stored])
        {
            Forget(grainState);
            return;
        }

        try
        {
            grainState.State = JsonSerializer.Deserialize<T>(stored.State, GrainStateJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new JsonException($"The stored {stateName} of {grain} is no {typeof(T).Name}: {e.Message}", e);
        }

        grainState.ETag = stored.ETag;
        grainState.RecordExists = true;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Made into text now: the grain may go on with its state while it waits.
        var state = JsonSerializer.Serialize(grainState.State, GrainStateJson.Options);
        var grain = grainId.ToString();
        var (read, written) = (grainState.ETag, Guid.NewGuid().ToString("N"));
        await database.Commit(Encoding.UTF8.GetByteCount(state), connection =>
        {
            var changed = read is null
                ? connection.Run(Add, grain, stateName, written, state)
                : connection.Run(Replace, grain, stateName, written, state, read);
            return changed == 1 ? null : Stale(connection, grain, stateName, read);
        });
        grainState.ETag = written;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var grain = grainId.ToString();
        var read = grainState.ETag;
        await database.Commit(stateName.Length, connection =>
        {
            var removed = read is not null && connection.Run(Remove, grain, stateName, read) == 1;
            return removed ? null : Stale(connection, grain, stateName, read);
        });
        Forget(grainState);
    }

    private static void Forget<T>(IGrainState<T> grainState)
    {
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    /// <summary>Refuses a writer who has read another state than the stored one, or none where there is one.</summary>
    private static InconsistentStateException? Stale(NpgsqlConnection connection, string grain, string name, string? etag)
    {
        var stored = connection.All(row => row.GetString(0), One, grain, name).SingleOrDefault();
        return stored is null && etag is null
            ? null
            : new InconsistentStateException($"The {name} of {grain} was changed by somebody else.", stored, etag);
    }
}
