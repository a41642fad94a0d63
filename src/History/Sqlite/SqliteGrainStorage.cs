using System.Text.Json;
using Orleans.Storage;

namespace OrleansIoT.History.Sqlite;

/// <summary>Grain state as JSON, a row a grain and state name. An etag is never given twice, also after a clear.</summary>
internal sealed class SqliteGrainStorage(SqliteDatabase database) : IGrainStorage
{
    private const string Put =
        """
        INSERT INTO grain_state (grain, name, etag, state) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET etag = excluded.etag, state = excluded.state
        """;

    private const string Remove = "DELETE FROM grain_state WHERE grain = ?1 AND name = ?2";

    private const string One = "SELECT etag, state FROM grain_state WHERE grain = ?1 AND name = ?2";

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var grain = grainId.ToString();
        var row = await database.Read(connection =>
        {
            using var row = connection.Prepare(One).Bind(1, grain).Bind(2, stateName);
            return row.Step() ? new { ETag = row.Text(0), State = row.Blob(1).ToArray() } : null;
        });
        if (row is null)
        {
            Forget(grainState);
            return;
        }

        try
        {
            grainState.State = JsonSerializer.Deserialize<T>(row.State, GrainStateJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new JsonException($"The stored {stateName} of {grain} is no {typeof(T).Name}: {e.Message}", e);
        }

        grainState.ETag = row.ETag;
        grainState.RecordExists = true;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Made into bytes now: the grain may go on with its state while it waits.
        var state = JsonSerializer.SerializeToUtf8Bytes(grainState.State, GrainStateJson.Options);
        var grain = grainId.ToString();
        var (read, written) = (grainState.ETag, Guid.NewGuid().ToString("N"));
        await database.Commit(state.Length, connection =>
        {
            if (Stale(connection, grain, stateName, read) is { } refusal)
            {
                return refusal;
            }

            connection.Prepare(Put).Bind(1, grain).Bind(2, stateName).Bind(3, written).BindText(4, state).Run();
            return null;
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
            if (Stale(connection, grain, stateName, read) is { } refusal)
            {
                return refusal;
            }

            connection.Prepare(Remove).Bind(1, grain).Bind(2, stateName).Run();
            return null;
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
    private static InconsistentStateException? Stale(Connection connection, string grain, string name, string? etag)
    {
        using var row = connection.Prepare(One).Bind(1, grain).Bind(2, name);
        var stored = row.Step() ? row.Text(0) : null;
        return stored == etag
            ? null
            : new InconsistentStateException($"The {name} of {grain} was changed by somebody else.", stored, etag);
    }
}
