using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

public abstract partial class TelemetryHistoryContract
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(10_000)]
    public async Task Readings_by_number_come_in_the_order_in_which_they_were_stored_whatever_their_times(int limit)
    {
        const int appends = 40;
        var random = new Random(limit);
        var stored = 0L;
        for (var i = 0; i < appends; i++)
        {
            var batch = Enumerable.Range(0, random.Next(1, 12))
                .Select(_ => Reading(Topic, $"{random.Next()}", Noon.AddSeconds(random.Next(-1_000, 1_000)))).ToArray();
            await History.Append(Topic, stored + 1, batch);
            stored += batch.Length;
            if (i == appends / 2)
            {
                await Reopen();
            }
        }

        var expected = (await History.ReadAll(Topic)).OrderBy(message => message.Seq).Describe().ToList();
        foreach (var after in new[] { 0, 1, stored / 2, stored - 1 })
        {
            Assert.Equal(expected.Skip((int)after), (await ReadAllAfter(after, limit)).Describe());
        }
    }

    [Fact]
    public async Task There_are_no_readings_behind_the_last_one_and_none_in_a_topic_without_any()
    {
        Assert.Empty(await History.ReadAfter(Topic, 0, 10));
        await History.Append(Topic, 1, Some(Topic, 3));
        Assert.Empty(await History.ReadAfter(Topic, 3, 10));
        Assert.Empty(await History.ReadAfter(Topic, 1_000, 10));
        await Reopen();
        Assert.Empty(await History.ReadAfter(Topic, 3, 10));
        Assert.Equal(3, Assert.Single(await History.ReadAfter(Topic, 2, 10)).Seq);
    }

    [Fact]
    public async Task Large_payloads_by_number_come_some_at_a_time()
    {
        const int count = 5, size = TelemetryPage.MaxBytes / 3;
        await History.Append(Topic, 1, [.. Some(Topic, count).Select(reading => reading with { Payload = new byte[size] })]);
        var first = await History.ReadAfter(Topic, 0, 100);
        Assert.InRange(first.Length, 3, 4);
        Assert.Equal(count, first.Length + (await History.ReadAfter(Topic, first[^1].Seq, 100)).Length);
    }

    private async Task<List<TelemetryMessage>> ReadAllAfter(long seq, int limit)
    {
        var all = new List<TelemetryMessage>();
        while (await History.ReadAfter(Topic, all.Count == 0 ? seq : all[^1].Seq, limit) is { IsEmpty: false } page)
        {
            Assert.InRange(page.Length, 1, limit);
            all.AddRange(page);
        }

        return all;
    }
}
