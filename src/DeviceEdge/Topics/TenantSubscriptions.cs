using System.Collections.Concurrent;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge.Topics;

/// <summary>The subscriptions of a tenant's sessions, and who hears the topics that spoke last. For any number of threads.</summary>
internal sealed class TenantSubscriptions
{
    /// <summary>Listeners that are remembered, all topics together, each topic counted as one more: about 10 MB.</summary>
    private const int MostRemembered = 250_000;

    private readonly SubscriptionTree<Interest> _tree = new();
    private readonly ConcurrentDictionary<string, Audience> _audiences = new();
    private int _remembered;

    public void Add(string filter, Interest interest) => _tree.Add(filter, interest);

    public void Remove(string filter, Interest interest) => _tree.Remove(filter, interest);

    public Audience AudienceOf(string topic)
    {
        if (_audiences.TryGetValue(topic, out var audience) && audience.Version == _tree.Version)
        {
            return audience;
        }

        var interests = new List<Interest>();
        var version = _tree.Match(topic, interests);
        audience = Audience.Of(topic, version, interests);
        Remember(topic, audience);
        return audience;
    }

    private void Remember(string topic, Audience audience)
    {
        // What is forgotten or replaced meanwhile makes the count too high, and so the next clearing earlier: no harm.
        if (Interlocked.Add(ref _remembered, audience.Listeners.Length + 1) > MostRemembered)
        {
            _audiences.Clear();
            Volatile.Write(ref _remembered, audience.Listeners.Length + 1);
        }

        _audiences[topic] = audience;
    }
}
