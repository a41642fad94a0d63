using System.Globalization;
using System.Text;
using OrleansIoT.History.Numbers;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>What a history answers, as simply as it can be said: one list in commit order. Also makes up what to ask.</summary>
internal sealed class HistoryModel
{
    private static readonly string[] Topics = ["default/a", "default/a/b", "default/A", "default/\uFF21", "default/🌡", "other/a"];
    private static readonly string[] Prefixes = ["", "a", "a/", "A", "\uFF21", "🌡", "b", "a/b"];
    private static readonly string[] Devices = ["d1", "d2"];

    private readonly List<(string Topic, TelemetryMessage Message)> _stored = [];

    public static string RandomTopic(Random random) => Topics[random.Next(Topics.Length)];

    public static string RandomDevice(Random random) =>
        new GrainKey(random.Next(3) == 0 ? "other" : "default", Devices[random.Next(Devices.Length)]).ToString();

    public (string Topic, long FirstSeq, TelemetryMessage[] Messages) RandomAppend(Random random)
    {
        var topic = RandomTopic(random);
        var wrong = random.Next(10) == 0 ? random.Next(-2, 3) : 0;
        var messages = new TelemetryMessage[random.Next(1, 8)];
        for (var i = 0; i < messages.Length; i++)
        {
            messages[i] = Reading(topic) with
            {
                Device = Devices[random.Next(Devices.Length)],
                Payload = RandomPayload(random),
                At = RandomTime(random),
                ReceivedAt = RandomTime(random),
                HasOwnTime = random.Next(2) == 0,
                PacketId = (ushort)random.Next(3),
                Dup = random.Next(2) == 0,
            };
        }

        return (topic, LastSeq(topic) + 1 + wrong, messages);
    }

    public static ushort[] RandomPacketIds(Random random) => [.. Enumerable.Range(1, 4).Where(_ => random.Next(2) == 0).Select(id => (ushort)id)];

    public static DateTimeOffset[] RandomTimes(Random random) =>
        [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomTime(random))];

    public TelemetryQuery RandomQuery(Random random)
    {
        DateTimeOffset[] ends = [RandomTime(random), RandomTime(random)];
        TelemetryPosition? after = random.Next(3) == 0
            ? new TelemetryPosition(RandomTime(random), random.Next(_stored.Count + 1))
            : null;
        return new TelemetryQuery(
            ends.Min(), ends.Max(), random.Next(1, 20), after, Descending: random.Next(2) == 0, RandomAsOf(random));
    }

    public static NumberQuery RandomNumbers(Random random)
    {
        DateTimeOffset[] ends = [RandomTime(random), RandomTime(random)];
        return new NumberQuery(
            ends.Min(), ends.Max(), NumberField.Parse(random.Next(3) == 0 ? "a.b" : null), RandomAsOf(random));
    }

    public static (string Tenant, string Prefix, int Limit, string? After) RandomList(Random random) =>
        (random.Next(4) == 0 ? "other" : "default",
            Prefixes[random.Next(Prefixes.Length)],
            random.Next(1, 6),
            random.Next(3) == 0 ? Prefixes[random.Next(1, Prefixes.Length)] : null);

    /// <returns>Whether the numbers follow.</returns>
    public bool Append(string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages)
    {
        if (firstSeq != LastSeq(topic) + 1)
        {
            return false;
        }

        _stored.AddRange(messages.Select((m, i) => (topic, m with { Seq = firstSeq + i })));
        return true;
    }

    public TopicTail ReadTopicTail(string topic) => new(LastSeq(topic), InOrder(topic).LastOrDefault());

    public DeviceTail ReadDeviceTail(string device)
    {
        var readings = Of(device);
        return new DeviceTail(readings.Count, readings.LastOrDefault()?.ReceivedAt);
    }

    public IEnumerable<TelemetryMessage> ReadLastOf(string device, IReadOnlyCollection<ushort> packetIds)
    {
        var readings = Of(device);
        return readings
            .TakeLast(ITelemetryHistory.Remembered)
            .Where(m => !m.HasOwnTime && m.PacketId != 0 && packetIds.Contains(m.PacketId))
            .Where(m => (m.At - readings[^1].ReceivedAt).Duration() <= ITelemetryHistory.RememberedFor)
            .GroupBy(m => m.PacketId)
            .Select(one => one.Last());
    }

    public TelemetryPage Read(string topic, TelemetryQuery query)
    {
        var ascending = InRange(topic, query.Start, query.End, query.AsOf);
        var range = (query.Descending ? ascending.Reverse() : ascending)
            .Where(m => query.After is not { } after
                        || (query.Descending ? PositionOf(m) < after : PositionOf(m) > after))
            .ToList();
        var page = range.Take(query.Limit).ToList();
        return new TelemetryPage(
            [.. page], range.Count > page.Count ? PositionOf(page[^1]) : null);
    }

    public IEnumerable<(long At, long Seq, double Value)> ReadNumbers(string topic, NumberQuery query)
    {
        foreach (var message in InRange(topic, query.Start, query.End, query.AsOf))
        {
            if (query.Field.TryRead(message.Payload.Span, out var value))
            {
                yield return (message.At.UtcTicks, message.Seq, value);
            }
        }
    }

    public TopicPage ListTopics(string tenant, string prefix, int limit, string? after)
    {
        var names = _stored.Select(s => GrainKey.Parse(s.Topic)).Where(key => key.Tenant == tenant)
            .Select(key => key.Name).Distinct()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Where(name => after is null || CompareBytes(name, after) > 0)
            .Order(Comparer<string>.Create(CompareBytes)).ToList();
        var page = names.Take(limit).Select(name =>
        {
            var readings = InOrder(new GrainKey(tenant, name).ToString()).ToList();
            return new TopicSummary(name, readings.Count, readings[0].At, readings[^1].At);
        }).ToList();
        return new TopicPage([.. page], names.Count > page.Count ? page[^1].Topic : null);
    }

    public IEnumerable<TelemetryMessage> ReadAt(string topic, IEnumerable<DateTimeOffset> times) =>
        InOrder(topic).Where(m => times.Contains(m.At));

    /// <summary>One of few, so that many are equal and most are late; now and then one from the ends of time.</summary>
    private static DateTimeOffset RandomTime(Random random) => random.Next(20) switch
    {
        0 => DateTimeOffset.MinValue,
        1 => DateTimeOffset.MaxValue,
        2 => Noon.AddTicks(random.Next(3)),
        _ => Noon.AddSeconds(random.Next(30)),
    };

    private static DateTimeOffset? RandomAsOf(Random random) => random.Next(3) == 0 ? RandomTime(random) : null;

    /// <summary>Some are numbers, bare or in an object; most are not.</summary>
    private static byte[] RandomPayload(Random random)
    {
        var number = (random.NextDouble() * 100 - 50).ToString("R", CultureInfo.InvariantCulture);
        switch (random.Next(6))
        {
            case 0:
                return Encoding.UTF8.GetBytes(number);
            case 1:
                return Encoding.UTF8.GetBytes($$"""{"unit":"W","value":{{number}}}""");
            case 2:
                return Encoding.UTF8.GetBytes($$"""{"a":{"b":{{number}}},"value":"text"}""");
            default:
                var payload = new byte[random.Next(20)];
                random.NextBytes(payload);
                return payload;
        }
    }

    private static int CompareBytes(string left, string right) =>
        Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private static TelemetryPosition PositionOf(TelemetryMessage message) => new(message.At, message.Seq);

    private IEnumerable<TelemetryMessage> InRange(
        string topic, DateTimeOffset start, DateTimeOffset end, DateTimeOffset? asOf) =>
        InOrder(topic).Where(m => m.At >= start && m.At < end && (asOf is null || m.ReceivedAt <= asOf));

    private long LastSeq(string topic) => _stored.LastOrDefault(s => s.Topic == topic).Message?.Seq ?? 0;

    private List<TelemetryMessage> Of(string device)
    {
        var key = GrainKey.Parse(device);
        return [.. _stored.Where(s => GrainKey.Parse(s.Topic).Tenant == key.Tenant && s.Message.Device == key.Name).Select(s => s.Message)];
    }

    private IEnumerable<TelemetryMessage> InOrder(string topic) =>
        _stored.Where(s => s.Topic == topic).Select(s => s.Message).OrderBy(m => m.At).ThenBy(m => m.Seq);
}
