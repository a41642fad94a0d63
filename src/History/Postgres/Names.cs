using System.Runtime.InteropServices;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// What this process remembers of topics and devices: their ids, which do not change, and where it believes that a topic
/// ends. Another process may write to the same topics, so the end is a hint that the database checks.
/// </summary>
internal sealed class Names
{
    // About 100 MB of names at most. Forgetting all of them costs one look-up each.
    private const int Most = 400_000;

    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _devices = new(StringComparer.Ordinal);

    public Topic? TopicOf(string name) =>
        _topics.TryGetValue(name, out var topic) ? topic : null;

    public long? DeviceOf(string name) =>
        _devices.TryGetValue(name, out var id) ? id : null;

    public void Remember(string topic, long id, long lastSeq)
    {
        Bound(_topics);
        CollectionsMarshal.GetValueRefOrAddDefault(_topics, topic, out _) = new Topic(id, lastSeq);
    }

    public void Remember(string device, long id)
    {
        Bound(_devices);
        _devices[device] = id;
    }

    public void Forget(string topic) => _topics.Remove(topic);

    public void ForgetAll()
    {
        _topics.Clear();
        _devices.Clear();
    }

    private static void Bound<T>(Dictionary<string, T> names)
    {
        if (names.Count >= Most)
        {
            names.Clear();
        }
    }

    public readonly record struct Topic(long Id, long LastSeq);
}
