using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>What a history answers, as simply as it can be said: one list in commit order. Also makes up what to ask.</summary>
internal sealed class HistoryModel
{
    private static readonly string[] Topics = ["default/a", "default/a/b", "default/A", "other/a"];
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
            var payload = new byte[random.Next(20)];
            random.NextBytes(payload);
            messages[i] = Reading(topic) with
            {
                Device = Devices[random.Next(Devices.Length)],
                Payload = payload,
                At = RandomTime(random),
                ReceivedAt = RandomTime(random),
                HasOwnTime = random.Next(2) == 0,
                PacketId = (ushort)random.Next(3),
                Dup = random.Next(2) == 0,
            };
        }

        return (topic, LastSeq(topic) + 1 + wrong, messages);
    }

    public static DateTimeOffset[] RandomTimes(Random random) =>
        [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomTime(random))];

    public TelemetryQuery RandomQuery(Random random)
    {
        DateTimeOffset[] ends = [RandomTime(random), RandomTime(random)];
        TelemetryPosition? after = random.Next(3) == 0
            ? new TelemetryPosition(RandomTime(random), random.Next(_stored.Count + 1))
            : null;
        return new TelemetryQuery(ends.Min(), ends.Max(), random.Next(1, 20), after);
    }

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

    public DeviceTail ReadDeviceTail(string device, int count)
    {
        var key = GrainKey.Parse(device);
        var readings = _stored
            .Where(s => GrainKey.Parse(s.Topic).Tenant == key.Tenant && s.Message.Device == key.Name)
            .Select(s => s.Message).ToList();
        return new DeviceTail(
            readings.Count,
            readings.LastOrDefault()?.ReceivedAt,
            [.. readings.Where(m => !m.HasOwnTime && m.PacketId != 0).TakeLast(count)]);
    }

    public TelemetryPage Read(string topic, TelemetryQuery query)
    {
        var range = InOrder(topic)
            .Where(m => m.At >= query.Start && m.At < query.End)
            .Where(m => query.After is null || new TelemetryPosition(m.At, m.Seq) > query.After)
            .ToList();
        var page = range.Take(query.Limit).ToList();
        return new TelemetryPage(
            [.. page], range.Count > page.Count ? new TelemetryPosition(page[^1].At, page[^1].Seq) : null);
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

    private long LastSeq(string topic) => _stored.LastOrDefault(s => s.Topic == topic).Message?.Seq ?? 0;

    private IEnumerable<TelemetryMessage> InOrder(string topic) =>
        _stored.Where(s => s.Topic == topic).Select(s => s.Message).OrderBy(m => m.At).ThenBy(m => m.Seq);
}
