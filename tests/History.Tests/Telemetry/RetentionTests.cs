using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>Nothing goes that the rules keep, what goes is said, and writes do not wait for it.</summary>
public sealed class RetentionTests
{
    private const string Topic = "default/t";

    private static readonly TimeSpan TenDays = TimeSpan.FromDays(10);

    private readonly ManualClock _clock = new(Noon + TenDays);

    [Fact]
    public async Task Chunks_that_end_before_the_age_go_and_the_others_stay()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 100, Noon);
        await Append(store, Topic, 10, Noon.AddDays(5));

        await store.Database.Drop();
        Assert.Equal(110, (await store.History.ReadAll(Topic)).Count); // the first reading is as old as may be

        _clock.Advance(TimeSpan.FromSeconds(100));
        await store.Database.Drop();

        await MustHave(store, Topic, 101, 110, new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100));
        var topic = Assert.Single((await store.History.ListTopics("default", "", 10, null)).Topics);
        Assert.Equal((10, Noon.AddDays(5)), (topic.Readings, topic.FirstAt));
    }

    [Fact]
    public async Task A_range_behind_what_was_dropped_is_complete_and_says_nothing_of_it()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 100, Noon);
        await Append(store, Topic, 10, Noon.AddDays(5));
        _clock.Advance(TimeSpan.FromSeconds(100));
        await store.Database.Drop();

        var before = Noon.AddSeconds(99).AddTicks(1);
        Assert.Null((await store.History.Read(Topic, All with { Start = before })).Dropped);
        Assert.NotNull((await store.History.Read(Topic, All with { Start = before.AddTicks(-1) })).Dropped);
        var dropped = await store.History.ReadNumbers(
            Topic, new NumberQuery(Noon, Noon.AddDays(6), NumberField.Default), new Sink());
        Assert.Equal(new DroppedReadings(before, 100), dropped);
    }

    [Fact]
    public async Task A_topic_of_which_everything_has_gone_has_no_latest_and_goes_on_with_its_numbers()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 100, Noon);
        _clock.Advance(TenDays);
        await store.Database.Drop();

        var dropped = new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100);
        await MustHave(store, Topic, 101, 100, dropped);
        Assert.Equal(new TopicTail(100, null), await store.History.ReadTopicTail(Topic));
        await store.Reopen();
        Assert.Equal(new TopicTail(100, null), await store.History.ReadTopicTail(Topic));

        await Append(store, Topic, 5, Noon.AddDays(-1)); // late, and so old that they are dropped next
        await MustHave(store, Topic, 101, 105, dropped);
        await store.Database.Drop();
        await MustHave(store, Topic, 106, 105, dropped with { Readings = 105 });
    }

    [Fact]
    public async Task Readings_that_say_they_are_of_1970_are_old()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 10, DateTimeOffset.UnixEpoch);
        await Append(store, "default/both", 10, DateTimeOffset.UnixEpoch);
        await Append(store, "default/both", 10, Noon.AddDays(5)); // merged into one chunk with the others

        await store.Database.Drop();

        await MustHave(store, Topic, 11, 10, new DroppedReadings(DateTimeOffset.UnixEpoch.AddSeconds(9).AddTicks(1), 10));
        await MustHave(store, "default/both", 1, 20, null);
    }

    [Fact]
    public async Task What_is_in_the_log_stays_until_it_is_in_chunks()
    {
        await using var store = Store(new RetentionRule { MaxAge = TimeSpan.FromDays(1) });
        await store.History.Append(Topic, 1, Some(Topic, 10));

        await store.Database.Drop();
        await MustHave(store, Topic, 1, 10, null);

        await store.Database.Compact();
        await store.Database.Drop();
        await MustHave(store, Topic, 11, 10, new DroppedReadings(Noon.AddSeconds(9).AddTicks(1), 10));
    }

    [Fact]
    public async Task Of_all_topics_of_a_rule_the_chunks_that_end_first_go_until_the_rest_is_small_enough()
    {
        await using var store = Store(new RetentionRule { MaxBytes = long.MaxValue });
        await Append(store, "default/a", 100, Noon);
        await Append(store, "default/b", 100, Noon.AddDays(1));
        await Append(store, "default/a", 10, Noon.AddDays(2));
        await Append(store, "default/b", 10, Noon.AddDays(3));
        await store.Database.Drop();
        var all = await ChunkBytes(store);

        await Reopen(store, new RetentionRule { MaxBytes = all });
        await store.Database.Drop();
        Assert.Equal(all, await ChunkBytes(store));

        await Reopen(store, new RetentionRule { MaxBytes = all - 1 });
        await store.Database.Drop();
        await MustHave(store, "default/a", 101, 110, new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100));
        await MustHave(store, "default/b", 1, 110, null);

        var rest = await ChunkBytes(store);
        await Reopen(store, new RetentionRule { MaxBytes = rest / 2 });
        await store.Database.Drop();
        Assert.InRange(await ChunkBytes(store), 1, rest / 2);
        await MustHave(store, "default/a", 101, 110, new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100));
        await MustHave(store, "default/b", 101, 110, new DroppedReadings(Noon.AddDays(1).AddSeconds(99).AddTicks(1), 100));

        await Reopen(store, new RetentionRule { MaxBytes = 1 });
        await store.Database.Drop();
        Assert.Equal(0, await ChunkBytes(store));
    }

    [Fact]
    public async Task Each_topic_goes_by_its_own_rule_and_one_without_stays()
    {
        await using var store = Store(
            new RetentionRule { Prefix = "chat", MaxAge = TimeSpan.FromDays(1) },
            new RetentionRule { Prefix = "chat/room", MaxAge = TimeSpan.FromDays(100) },
            new RetentionRule { Prefix = "size", MaxBytes = 1 },
            new RetentionRule { Tenant = "acme", MaxAge = TimeSpan.FromDays(1) });
        string[] kept = ["default/t", "default/chat/room/1", "default/chats", "acme/chat/room", "default/a/size"];
        string[] gone = ["default/chat", "default/chat/hall", "acme/chat/hall", "acme/t", "default/size/1", "default/size/2"];
        foreach (var topic in kept.Concat(gone))
        {
            await Append(store, topic, 10, Noon);
        }

        await store.Database.Drop();

        foreach (var topic in kept)
        {
            await MustHave(store, topic, 1, 10, null);
        }

        foreach (var topic in gone)
        {
            await MustHave(store, topic, 11, 10, new DroppedReadings(Noon.AddSeconds(9).AddTicks(1), 10));
        }
    }

    [Fact]
    public async Task It_happens_by_itself_soon_after_the_start_and_then_in_intervals()
    {
        await using var store = Store(new RetentionRule { MaxAge = TimeSpan.FromDays(1) });
        await Append(store, Topic, 10, Noon);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Dropped(store, 10);

        await Append(store, Topic, 10, Noon);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Dropped(store, 20);
    }

    [Fact]
    public async Task Space_goes_back_to_the_file_system_while_others_write()
    {
        await using var store = Store(new RetentionRule { Prefix = "large", MaxAge = TimeSpan.FromDays(1) });
        for (var i = 0; i < 20; i++)
        {
            await store.History.Append("default/large", i + 1, [Noise("default/large", 500_000, Noon.AddSeconds(i))]);
        }

        await store.Database.Compact();
        using var stop = new CancellationTokenSource();
        var writing = Write(store, "default/small", stop.Token);
        await store.Database.Drop();
        await stop.CancelAsync();
        var written = await writing;
        await store.Close();

        Assert.InRange(new FileInfo(store.DatabaseFile).Length, 1, 3_000_000);
        await store.Reopen();
        await MustHave(store, "default/small", 1, written, null);
        await MustHave(store, "default/large", 21, 20, new DroppedReadings(Noon.AddSeconds(19).AddTicks(1), 20));
    }

    [Fact]
    public async Task While_many_write_all_the_time_nothing_goes_but_the_oldest_and_everything_is_accounted_for()
    {
        await using var store = Store(new RetentionRule { MaxBytes = 20_000 });
        using var stop = new CancellationTokenSource();
        var topics = Enumerable.Range(0, 8).Select(i => $"default/topic/{i}").ToList();
        var writing = topics.Select(topic => Write(store, topic, stop.Token)).ToList();
        var total = 0L;
        for (var i = 0; i < 30 || total < 10_000; i++)
        {
            await store.Database.Drop();
            total = (await Task.WhenAll(topics.Select(topic => store.History.ReadTopicTail(topic)))).Sum(tail => tail.LastSeq);
        }

        await stop.CancelAsync();
        var written = await Task.WhenAll(writing);
        await store.Reopen();
        for (var i = 0; i < topics.Count; i++)
        {
            await MustHaveTheRest(store, topics[i], written[i]);
        }
    }

    [Theory]
    [InlineData(CrashPoint.RetentionBefore, 2)]
    [InlineData(CrashPoint.RetentionMiddle, 1)]
    [InlineData(CrashPoint.RetentionMiddle, 3)]
    [InlineData(CrashPoint.CompactionBefore, 3)]
    [InlineData(CrashPoint.CompactionLog, 3)]
    public async Task After_a_kill_in_the_middle_everything_acknowledged_is_stored_or_said_to_be_dropped(string point, int nth)
    {
        const int Topics = 4;
        var directory = TestStore.NewDirectory();
        var info = new ProcessStartInfo("dotnet", [typeof(RetentionTests).Assembly.Location, directory, $"{Topics}", "4000"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { [CrashPoint.Variable] = $"{point}:{nth}" },
        };
        var acknowledged = new long[Topics];
        using (var appender = Process.Start(info)!)
        {
            while (await appender.StandardOutput.ReadLineAsync() is { } line)
            {
                var words = line.Split(' ');
                acknowledged[int.Parse(words[1])] = words[0] == "stored" ? long.Parse(words[2]) : acknowledged[int.Parse(words[1])];
            }

            await appender.WaitForExitAsync();
            Assert.Equal(128 + 9, appender.ExitCode);
        }

        await using (var store = new TestStore(
            options => options.Retention = [new RetentionRule { MaxBytes = 1 }], directory: directory, time: _clock))
        {
            for (var topic = 0; topic < Topics; topic++)
            {
                var last = (await store.History.ReadTopicTail(Appender.TopicKey(topic))).LastSeq;
                Assert.True(last >= acknowledged[topic], $"{last} of {acknowledged[topic]} acknowledged");
                await MustHaveTheRest(store, Appender.TopicKey(topic), last);
            }

            await store.Database.Compact();
            await store.Database.Drop();
            Assert.Equal(0, await ChunkBytes(store));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_senseless_rule_refuses_the_start()
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Store(new RetentionRule { Prefix = "a/" }));

        Assert.Contains("needs MaxAge or MaxBytes", refused.Message, StringComparison.Ordinal);
    }

    private TestStore Store(params RetentionRule[] rules) => new(
        options =>
        {
            options.LogBytes = 64 << 10;
            options.Retention = rules;
        },
        time: _clock);

    private static Task Reopen(TestStore store, RetentionRule rule) => store.Reopen(options => options.Retention = [rule]);

    /// <summary>Into chunks of their own, or into the last one, as compaction decides.</summary>
    private static async Task Append(TestStore store, string topic, int count, DateTimeOffset from)
    {
        var last = (await store.History.ReadTopicTail(topic)).LastSeq;
        await store.History.Append(
            topic, last + 1, [.. Enumerable.Range(0, count).Select(i => Reading(topic, $"{i}", from.AddSeconds(i)))]);
        await store.Database.Compact();
    }

    private static TelemetryMessage Noise(string topic, int bytes, DateTimeOffset at) =>
        Reading(topic, "", at) with { Payload = RandomNumberGenerator.GetBytes(bytes) };

    /// <returns>The number of the last reading.</returns>
    private static async Task<long> Write(TestStore store, string topic, CancellationToken stop)
    {
        var last = 0L;
        for (; !stop.IsCancellationRequested; last += 5)
        {
            await store.History.Append(
                topic, last + 1, [.. Enumerable.Range(0, 5).Select(i => Reading(topic, $"{last + i}", Noon.AddSeconds(last + i)))]);
        }

        return last;
    }

    private static async Task MustHave(TestStore store, string topic, long firstSeq, long lastSeq, DroppedReadings? dropped)
    {
        var readings = await store.History.ReadAll(topic);
        Assert.Equal(firstSeq <= lastSeq ? Enumerable.Range((int)firstSeq, (int)(lastSeq - firstSeq + 1)).Select(seq => (long)seq) : [], readings.Select(m => m.Seq).Order());
        Assert.Equal(dropped, (await store.History.Read(topic, All)).Dropped);
        Assert.Equal(lastSeq, (await store.History.ReadTopicTail(topic)).LastSeq);
    }

    /// <summary>A topic whose event times ascend with its numbers has the end of what was written, and says how much it had before.</summary>
    private static async Task MustHaveTheRest(TestStore store, string topic, long lastSeq)
    {
        var readings = await store.History.ReadAll(topic);
        var dropped = (await store.History.Read(topic, All)).Dropped;
        Assert.Equal(lastSeq, (dropped?.Readings ?? 0) + readings.Count);
        Assert.Equal(Enumerable.Range(1, readings.Count).Select(i => i + (dropped?.Readings ?? 0)), readings.Select(m => m.Seq));
        Assert.True(dropped is null || readings.Count == 0 || dropped.Before <= readings[0].At);
    }

    private static async Task Dropped(TestStore store, long readings)
    {
        while ((await store.History.Read(Topic, All)).Dropped?.Readings != readings)
        {
            await Task.Yield();
        }
    }

    private static Task<long> ChunkBytes(TestStore store) => store.Database.Read(connection =>
    {
        using var row = connection.Prepare(
            "SELECT coalesce(sum(length(data)), 0), (SELECT sum(bytes) FROM topic) FROM chunk");
        row.Step();
        Assert.Equal(row.Int64(0), row.Int64(1));
        return row.Int64(0);
    });

    private sealed class Sink : INumberSink
    {
        public bool Add(long at, long seq, double value) => true;
    }
}
