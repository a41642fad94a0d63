using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Sessions;

/// <summary>What goes to one topic of a batch.</summary>
internal sealed class TopicShare(string topic)
{
    public string Topic => topic;

    /// <summary>In the order of the batch.</summary>
    public ImmutableArray<TelemetryMessage> Messages { get; set; }

    /// <summary>What the topic says to it.</summary>
    public Task<int>? Append { get; set; }

    public int Count { get; set; }

    /// <summary>The share of the topic that comes next in the batch.</summary>
    public TopicShare? Next { get; set; }
}

/// <summary>
/// One call's messages on their way to their topics. Mostly they all have one topic, or each another, and both cost few
/// objects.
/// </summary>
internal sealed class PublishedBatch(ImmutableArray<TelemetryMessage> messages)
{
    /// <summary>Where each message goes; null for nowhere.</summary>
    private readonly TopicShare?[] _shareOf = new TopicShare?[messages.Length];

    /// <summary>All but the first, by name.</summary>
    private Dictionary<string, TopicShare>? _byTopic;

    private List<PublishFailure>? _failures;
    private TopicShare? _last;

    public ImmutableArray<TelemetryMessage> Messages => messages;

    /// <summary>The share of the first topic; the others follow it.</summary>
    public TopicShare? First { get; private set; }

    /// <param name="i">The index of a message.</param>
    public void Accept(int i)
    {
        var share = ShareOf(messages[i].Topic);
        share.Count++;
        _shareOf[i] = share;
    }

    public void Fail(int i, Failure failure, string why) => (_failures ??= []).Add(new PublishFailure(i, failure, why));

    public void Fail(TopicShare share, Failure failure, string why)
    {
        for (var i = 0; i < messages.Length; i++)
        {
            if (_shareOf[i] == share)
            {
                Fail(i, failure, why);
            }
        }
    }

    /// <summary>Everything is accepted that will be: each topic gets its messages.</summary>
    public void Divide()
    {
        if (First?.Count == messages.Length)
        {
            First.Messages = messages;
            return;
        }

        for (var share = First; share is not null; share = share.Next)
        {
            share.Messages = ImmutableCollectionsMarshal.AsImmutableArray(new TelemetryMessage[share.Count]);
            share.Count = 0;
        }

        for (var i = 0; i < messages.Length; i++)
        {
            if (_shareOf[i] is { } share)
            {
                var ofTopic = ImmutableCollectionsMarshal.AsArray(share.Messages)!;
                ofTopic[share.Count++] = messages[i];
            }
        }
    }

    public PublishResult Result() =>
        _failures is null ? PublishResult.AllStored : new PublishResult([.. _failures.OrderBy(failure => failure.Index)]);

    private TopicShare ShareOf(string topic)
    {
        if (First is null || First.Topic == topic)
        {
            return First ?? Add(topic);
        }

        return (_byTopic ??= new(messages.Length)).TryGetValue(topic, out var share) ? share : _byTopic[topic] = Add(topic);
    }

    private TopicShare Add(string topic)
    {
        var share = new TopicShare(topic);
        _last = _last is null ? First = share : _last.Next = share;
        return share;
    }
}
