using System.Text.Json;
using Orleans.Storage;

namespace OrleansIoT.History.Sqlite;

/// <summary>Grain state as JSON, a row a grain and state name. An etag is never given twice, also after a clear.</summary>
internal sealed class SqliteGrainStorage(SqliteDatabase database) : IGrainStorage
{
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
        var etag = Guid.NewGuid().ToString("N");
        await database.Commit(new PutState(grainId.ToString(), stateName, grainState.ETag, etag, state));
        grainState.ETag = etag;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await database.Commit(new RemoveState(grainId.ToString(), stateName, grainState.ETag));
        Forget(grainState);
    }

    private static void Forget<T>(IGrainState<T> grainState)
    {
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    /// <summary>A write by somebody who has read the state with an etag, or has found none.</summary>
    private abstract class StateWrite(string grain, string name, string? etag) : SqliteWrite
    {
        private const string StoredETag = "SELECT etag FROM grain_state WHERE grain = ?1 AND name = ?2";

        public override long Size => grain.Length + name.Length;

        protected override Exception? Apply(Connection connection)
        {
            using var row = connection.Prepare(StoredETag).Bind(1, grain).Bind(2, name);
            var stored = row.Step() ? row.Text(0) : null;
            if (stored != etag)
            {
                return new InconsistentStateException(
                    $"The {name} of {grain} was changed by somebody else.", stored, etag);
            }

            Change(connection);
            return null;
        }

        protected abstract void Change(Connection connection);
    }

    private sealed class PutState(string grain, string name, string? etag, string newETag, byte[] state)
        : StateWrite(grain, name, etag)
    {
        private const string Put =
            """
            INSERT INTO grain_state (grain, name, etag, state) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET etag = excluded.etag, state = excluded.state
            """;

        private readonly string _grain = grain;
        private readonly string _name = name;

        public override long Size => base.Size + state.Length;

        protected override void Change(Connection connection) =>
            connection.Prepare(Put).Bind(1, _grain).Bind(2, _name).Bind(3, newETag).BindText(4, state).Run();
    }

    private sealed class RemoveState(string grain, string name, string? etag) : StateWrite(grain, name, etag)
    {
        private const string Remove = "DELETE FROM grain_state WHERE grain = ?1 AND name = ?2";

        private readonly string _grain = grain;
        private readonly string _name = name;

        protected override void Change(Connection connection) =>
            connection.Prepare(Remove).Bind(1, _grain).Bind(2, _name).Run();
    }
}
