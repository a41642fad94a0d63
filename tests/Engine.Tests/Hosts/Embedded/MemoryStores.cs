using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orleans.Storage;
using OrleansIoT.EmbeddedSilo;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>State as JSON with etags, until the test is over.</summary>
internal sealed class MemoryStorage : IGrainStorage
{
    private readonly Dictionary<(string, GrainId), (string Json, string Etag)> _records = [];
    private int _etags;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_records)
        {
            grainState.RecordExists = _records.TryGetValue((stateName, grainId), out var record);
            grainState.ETag = record.Etag;
            if (grainState.RecordExists)
            {
                grainState.State = JsonSerializer.Deserialize<T>(record.Json)!;
            }
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_records)
        {
            Check(stateName, grainId, grainState.ETag);
            var etag = (++_etags).ToString(CultureInfo.InvariantCulture);
            _records[(stateName, grainId)] = (JsonSerializer.Serialize(grainState.State), etag);
            grainState.ETag = etag;
            grainState.RecordExists = true;
        }

        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_records)
        {
            Check(stateName, grainId, grainState.ETag);
            _records.Remove((stateName, grainId));
            grainState.ETag = null;
            grainState.RecordExists = false;
        }

        return Task.CompletedTask;
    }

    private void Check(string stateName, GrainId grainId, string? etag)
    {
        var stored = _records.TryGetValue((stateName, grainId), out var record) ? record.Etag : null;
        if (stored != etag)
        {
            throw new InconsistentStateException("Somebody else wrote.", stored, etag);
        }
    }
}

/// <summary>Reminders that outlive a silo when the test gives the same object to the next one.</summary>
internal sealed class MemoryReminders : IReminderStore
{
    private readonly ConcurrentDictionary<(GrainId, string), ReminderRow> _rows = new();

    public ICollection<ReminderRow> Rows => _rows.Values;

    public Task<IReadOnlyList<ReminderRow>> ReadAll() => Task.FromResult<IReadOnlyList<ReminderRow>>([.. _rows.Values]);

    public Task Upsert(ReminderRow row)
    {
        _rows[(row.GrainId, row.Name)] = row;
        return Task.CompletedTask;
    }

    public Task Remove(GrainId grainId, string name)
    {
        _rows.TryRemove((grainId, name), out _);
        return Task.CompletedTask;
    }
}
