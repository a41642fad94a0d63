using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sqlite;

/// <summary>Readings leave the log for chunks, and nobody notices.</summary>
public sealed class CompactionTests
{
    private const string Topic = "default/t";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task While_readings_move_every_reader_finds_all_that_is_acknowledged_once(int seed)
    {
        const int Appends = 400;
        await using var store = new TestStore(options => options.LogBytes = 4 << 10);
        var acknowledged = 0L;
        var appending = Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < Appends; i++)
            {
                var batch = Enumerable.Range(0, random.Next(1, 20)).Select(_ => Reading(
                    Topic, $"{random.Next()}", Noon.AddSeconds(random.Next(4) == 0 ? random.Next(-100_000, 100_000) : i))).ToArray();
                await store.History.Append(Topic, acknowledged + 1, batch);
                Interlocked.Add(ref acknowledged, batch.Length);
            }
        });
        do
        {
            var before = Interlocked.Read(ref acknowledged);
            var tail = await store.History.ReadTopicTail(Topic);
            var all = new List<TelemetryMessage>();
            for (TelemetryPosition? after = null; ;)
            {
                // All in one page: what arrives late between two pages belongs to neither.
                var page = await store.History.Read(Topic, All with { Limit = 100_000, After = after });
                all.AddRange(page.Messages);
                after = page.Next;
                if (after is null)
                {
                    break;
                }
            }

            Assert.InRange(tail.LastSeq, before, long.MaxValue);
            Assert.InRange(all.Count, before, long.MaxValue);
            Assert.Equal(Enumerable.Range(1, all.Count).Select(i => (long)i), all.Select(m => m.Seq).Order());
            Assert.Equal(all.OrderBy(m => m.At).ThenBy(m => m.Seq).Select(m => m.Seq), all.Select(m => m.Seq));
        }
        while (!appending.IsCompleted);

        await appending;
        Assert.InRange(await Count(store, "chunk"), 1, 10_000);
        Assert.Equal(acknowledged, (await store.History.ReadDeviceTail("default/meter-7")).Readings);
        Assert.Equal(acknowledged, Assert.Single((await store.History.ListTopics("default", "", 10, null)).Topics).Readings);
        await store.Reopen();
        Assert.Equal(acknowledged, (await store.History.ReadTopicTail(Topic)).LastSeq);
        Assert.Equal(acknowledged, (await store.History.ReadAll(Topic)).Count);
        Assert.Equal(acknowledged, (await store.History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task When_all_is_moved_the_log_is_empty_and_the_next_start_reads_none_of_it()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 100));
        Assert.Equal(1, await Count(store, "log"));

        await store.Database.Compact();

        Assert.Equal(0, await Count(store, "log"));
        Assert.Equal(0, store.Database.Log.Bytes);
        await store.Reopen();
        Assert.Equal(100, (await store.History.ReadAll(Topic)).Count);
    }

    [Fact]
    public async Task A_topic_that_grows_by_one_reading_at_a_time_has_few_chunks_and_each_reading_is_rewritten_a_few_times()
    {
        await using var store = new TestStore();
        for (var i = 0; i < 300; i++)
        {
            await store.History.Append(Topic, i + 1, [Reading(Topic, $"{i}", Noon.AddMinutes(i))]);
            await store.Database.Compact();
        }

        Assert.InRange(await Count(store, "chunk"), 1, 8);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), (await store.History.ReadAll(Topic)).Select(m => m.Text()));
    }

    [Fact]
    public async Task Late_readings_go_into_the_chunk_where_they_belong_and_chunks_never_overlap()
    {
        await using var store = new TestStore();
        var random = new Random(1);
        var last = 0L;
        for (var i = 0; i < 20; i++)
        {
            var batch = Enumerable.Range(0, 1_000).Select(_ => Reading(Topic, "1", Noon.AddSeconds(random.Next(100_000)))).ToArray();
            await store.History.Append(Topic, last + 1, batch);
            last += batch.Length;
            await store.Database.Compact();
        }

        await store.OnWriter(writer =>
        {
            using var rows = writer.Prepare(
                "SELECT first_at, first_seq, last_at, last_seq, readings FROM chunk ORDER BY last_at, last_seq");
            var (behind, readings) = ((long.MinValue, 0L), 0L);
            while (rows.Step())
            {
                Assert.True((rows.Int64(0), rows.Int64(1)).CompareTo(behind) > 0);
                Assert.InRange(rows.Int64(4), 1, 4_096);
                behind = (rows.Int64(2), rows.Int64(3));
                readings += rows.Int64(4);
            }

            Assert.Equal(last, readings);
        });
        Assert.InRange(await Count(store, "chunk"), 5, 20);
    }

    [Fact]
    public async Task A_start_after_a_crash_in_the_middle_of_moving_goes_on_where_it_was()
    {
        // Topics one after the other are moved; the copy is taken when some are and some are not.
        await using var store = new TestStore();
        var topics = Enumerable.Range(0, 600).Select(i => $"default/t/{i}").ToArray();
        await Task.WhenAll(topics.Select(topic => store.History.Append(topic, 1, Some(topic, 3))));
        await store.Database.Compact();
        await Task.WhenAll(topics.Select(topic => store.History.Append(topic, 4, [Reading(topic, "next", Noon.AddHours(1))])));
        var hold = await store.HoldWriter();
        var compacting = store.Database.Compact();
        await hold.Release();
        var directory = store.CopyFiles();
        await compacting;

        await using (var copy = new TestStore(directory: directory))
        {
            foreach (var topic in topics)
            {
                Assert.Equal(4, (await copy.History.ReadAll(topic)).Count);
                await copy.History.Append(topic, 5, [Reading(topic, "behind", Noon.AddHours(2))]);
            }

            await copy.Database.Compact();
            Assert.Equal(5 * topics.Length, (await copy.History.ReadDeviceTail("default/meter-7")).Readings);
            Assert.All((await copy.History.ListTopics("default", "t/", 1_000, null)).Topics, topic => Assert.Equal(5, topic.Readings));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Readings_of_1970_and_2099_are_stored_ordered_and_found()
    {
        await using var store = new TestStore();
        var (unset, ahead) = (DateTimeOffset.UnixEpoch, new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await store.History.Append(Topic, 1, [Reading(Topic, "now", Noon), Reading(Topic, "ahead", ahead), Reading(Topic, "unset", unset)]);
        await store.Database.Compact();
        await store.History.Append(Topic, 4, [Reading(Topic, "later", Noon.AddHours(1))]);

        Assert.Equal(["unset", "now", "later", "ahead"], (await store.History.ReadAll(Topic)).Select(m => m.Text()));
        Assert.Equal("ahead", (await store.History.ReadTopicTail(Topic)).Latest!.Text());
        Assert.Equal(["unset"], (await store.History.Read(Topic, All with { End = Noon })).Messages.Select(m => m.Text()));
    }

    private static async Task<long> Count(TestStore store, string table)
    {
        var count = 0L;
        await store.OnWriter(writer =>
        {
            using var row = writer.Prepare($"SELECT count(*) FROM {table}");
            row.Step();
            count = row.Int64(0);
        });
        return count;
    }
}
