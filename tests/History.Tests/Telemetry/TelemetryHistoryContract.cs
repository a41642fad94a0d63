using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>What every <see cref="ITelemetryHistory"/> keeps; each store inherits it.</summary>
public abstract partial class TelemetryHistoryContract : IAsyncLifetime
{
    private const string Topic = "default/devices/meter-7/power";

    /// <summary>The history under test; another object after <see cref="Reopen"/>.</summary>
    protected abstract ITelemetryHistory History { get; }

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    /// <summary>Closes the store and opens it again.</summary>
    protected abstract Task Reopen();

    [Fact]
    public async Task A_reading_comes_back_with_every_member_as_it_was()
    {
        var message = new TelemetryMessage
        {
            Topic = "devices/meter-7/power",
            Device = "meter-7",
            Payload = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray(),
            At = Noon.AddTicks(1),
            ReceivedAt = Noon.AddMinutes(3).AddTicks(7),
            HasOwnTime = true,
            PacketId = 65_535,
            Dup = true,
        };

        await History.Append(Topic, 1, [message]);

        var page = await History.Read(Topic, All);
        Assert.Equal((message with { Seq = 1 }).Describe(), Assert.Single(page.Messages).Describe());
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task A_page_of_large_payloads_ends_early_and_the_next_one_goes_on()
    {
        const int count = 5, size = TelemetryPage.MaxBytes / 3;
        await History.Append(Topic, 1, [.. Some(Topic, count).Select(reading => reading with { Payload = new byte[size] })]);

        var first = await History.Read(Topic, All);
        Assert.Equal([1, 2, 3, 4], first.Messages.Select(message => message.Seq));
        var second = await History.Read(Topic, All with { After = first.Next });
        Assert.Equal(5, Assert.Single(second.Messages).Seq);
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task An_empty_payload_is_a_reading()
    {
        await History.Append(Topic, 1, [Reading(Topic, "")]);

        Assert.Equal(0, Assert.Single(await History.ReadAll(Topic)).Payload.Length);
    }

    [Fact]
    public async Task A_payload_of_a_megabyte_comes_back_whole()
    {
        var payload = new byte[1 << 20];
        new Random(1).NextBytes(payload);

        await History.Append(Topic, 1, [Reading(Topic) with { Payload = payload }]);

        var read = Assert.Single(await History.ReadAll(Topic));
        Assert.Equal(payload, read.Payload.ToArray());
    }

    [Fact]
    public async Task Readings_are_numbered_from_the_first_number_on()
    {
        await History.Append(Topic, 1, Some(Topic, 3));
        await History.Append(Topic, 4, Some(Topic, 2));

        Assert.Equal([1, 2, 3, 4, 5], (await History.ReadAll(Topic)).Select(m => m.Seq).Order());
        Assert.Equal(5, (await History.ReadTopicTail(Topic)).LastSeq);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public async Task A_number_that_does_not_follow_is_a_conflict_and_stores_nothing(long firstSeq)
    {
        await History.Append(Topic, 1, Some(Topic, 3));

        await Assert.ThrowsAsync<SequenceConflictException>(() => History.Append(Topic, firstSeq, Some(Topic, 2)));

        Assert.Equal(3, (await History.ReadAll(Topic)).Count);
        Assert.Equal(3, (await History.ReadTopicTail(Topic)).LastSeq);
        Assert.Equal(3, (await History.ReadDeviceTail("default/meter-7")).Readings);
        await History.Append(Topic, 4, Some(Topic, 1));
    }

    [Fact]
    public async Task A_new_topic_begins_with_one()
    {
        await Assert.ThrowsAsync<SequenceConflictException>(() => History.Append(Topic, 2, Some(Topic, 1)));

        Assert.Equal(new TopicTail(0, null), await History.ReadTopicTail(Topic));
        Assert.Empty(await History.ReadAll(Topic));
    }

    [Fact]
    public async Task Two_readings_of_equal_times_and_payloads_are_two_readings()
    {
        await History.Append(Topic, 1, [Reading(Topic, "5", Noon), Reading(Topic, "5", Noon)]);
        await History.Append(Topic, 3, [Reading(Topic, "5", Noon)]);

        Assert.Equal([1, 2, 3], (await History.ReadAll(Topic)).Select(m => m.Seq));
    }

    [Fact]
    public async Task Late_data_does_not_displace_the_latest()
    {
        await History.Append(Topic, 1, [Reading(Topic, "new", Noon)]);
        await History.Append(Topic, 2, [Reading(Topic, "late", Noon.AddHours(-1))]);

        var tail = await History.ReadTopicTail(Topic);
        Assert.Equal("new", tail.Latest!.Text());
        Assert.Equal(2, tail.LastSeq);
    }

    [Fact]
    public async Task Of_equal_times_the_latest_is_the_one_stored_last()
    {
        await History.Append(Topic, 1, [Reading(Topic, "first", Noon), Reading(Topic, "second", Noon)]);

        Assert.Equal("second", (await History.ReadTopicTail(Topic)).Latest!.Text());
    }

    [Fact]
    public async Task A_range_begins_with_its_start_and_ends_before_its_end()
    {
        await History.Append(Topic, 1, Some(Topic, 10));

        var page = await History.Read(Topic, new TelemetryQuery(Noon.AddSeconds(3), Noon.AddSeconds(6), 100));

        Assert.Equal(["3", "4", "5"], page.Messages.Select(m => m.Text()));
    }

    [Fact]
    public async Task A_range_is_exact_to_a_tick()
    {
        await History.Append(
            Topic, 1, [.. Enumerable.Range(0, 5).Select(i => Reading(Topic, $"{i}", Noon.AddTicks(i)))]);

        var page = await History.Read(Topic, new TelemetryQuery(Noon.AddTicks(1), Noon.AddTicks(3), 100));

        Assert.Equal(["1", "2"], page.Messages.Select(m => m.Text()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Pages_join_without_a_gap_or_a_repetition_also_inside_equal_times(int limit)
    {
        int[] seconds = [5, 1, 1, 1, 9, 1, 5, 5, 0, 1];
        await History.Append(
            Topic, 1, [.. seconds.Select((s, i) => Reading(Topic, $"{i}", Noon.AddSeconds(s)))]);

        var all = await History.ReadAll(Topic, limit);

        Assert.Equal(["8", "1", "2", "3", "5", "9", "0", "6", "7", "4"], all.Select(m => m.Text()));
    }

    [Fact]
    public async Task A_page_that_ends_the_range_has_no_next()
    {
        await History.Append(Topic, 1, Some(Topic, 4));

        Assert.Null((await History.Read(Topic, All with { Limit = 4 })).Next);
        Assert.Equal(
            new TelemetryPosition(Noon.AddSeconds(2), 3), (await History.Read(Topic, All with { Limit = 3 })).Next);
    }

    [Fact]
    public async Task A_cursor_before_the_range_does_not_widen_it()
    {
        await History.Append(Topic, 1, Some(Topic, 4));

        var query = new TelemetryQuery(
            Noon.AddSeconds(2), Noon.AddSeconds(9), 10, new TelemetryPosition(Noon.AddSeconds(-5), 99));

        Assert.Equal(["2", "3"], (await History.Read(Topic, query)).Messages.Select(m => m.Text()));
    }

    [Fact]
    public async Task Readings_that_arrive_between_two_pages_are_in_the_second_if_they_belong_there()
    {
        await History.Append(Topic, 1, Some(Topic, 4));
        var first = await History.Read(Topic, All with { Limit = 2 });

        await History.Append(Topic, 5, [Reading(Topic, "behind", Noon.AddSeconds(-1)), Reading(Topic, "ahead", Noon.AddSeconds(2.5))]);

        var second = await History.Read(Topic, All with { After = first.Next });
        Assert.Equal(["2", "ahead", "3"], second.Messages.Select(m => m.Text()));
    }

    [Fact]
    public async Task A_topic_without_readings_has_an_empty_page()
    {
        var page = await History.Read(Topic, All);

        Assert.Empty(page.Messages);
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task Times_reach_from_year_1_to_9999()
    {
        DateTimeOffset[] times =
        [
            DateTimeOffset.MinValue,
            DateTimeOffset.UnixEpoch.AddTicks(-1),
            new(2099, 12, 31, 23, 59, 59, TimeSpan.Zero),
            DateTimeOffset.MaxValue.AddTicks(-1),
        ];
        await History.Append(Topic, 1, [.. times.Select(at => Reading(Topic, "x", at) with { ReceivedAt = at })]);

        var all = await History.ReadAll(Topic);

        Assert.Equal(times, all.Select(m => m.At));
        Assert.Equal(times, all.Select(m => m.ReceivedAt));
    }

    [Fact]
    public async Task A_time_of_another_offset_is_the_same_instant()
    {
        var inLisbon = new DateTimeOffset(2026, 7, 1, 13, 0, 0, TimeSpan.FromHours(1));
        await History.Append(Topic, 1, [Reading(Topic, "x", inLisbon)]);

        var at = Assert.Single(await History.ReadAt(Topic, [inLisbon.ToUniversalTime()])).At;
        Assert.Equal(inLisbon, at);
        Assert.Equal(TimeSpan.Zero, at.Offset);
    }

    [Fact]
    public async Task ReadAt_finds_all_readings_of_these_times_once_and_no_others()
    {
        await History.Append(
            Topic, 1,
            [
                Reading(Topic, "a", Noon), Reading(Topic, "b", Noon.AddTicks(1)), Reading(Topic, "c", Noon),
                Reading(Topic, "d", Noon.AddTicks(2)),
            ]);

        var found = await History.ReadAt(Topic, [Noon, Noon.AddTicks(2), Noon, Noon.AddTicks(3)]);

        Assert.Equal(["a", "c", "d"], found.Select(m => m.Text()).Order());
        Assert.Empty(await History.ReadAt(Topic, []));
        Assert.Empty(await History.ReadAt("default/other", [Noon]));
    }

    [Fact]
    public async Task A_device_is_counted_over_all_its_topics()
    {
        const string Other = "default/devices/meter-7/voltage";
        await History.Append(Topic, 1, Some(Topic, 3));
        await History.Append(Other, 1, [Reading(Other) with { ReceivedAt = Noon.AddHours(1) }]);

        var tail = await History.ReadDeviceTail("default/meter-7");

        Assert.Equal(4, tail.Readings);
        Assert.Equal(Noon.AddHours(1), tail.LastReceivedAt);
    }

    [Fact]
    public async Task All_devices_of_a_tenant_that_have_stored_something_are_counted_and_no_others()
    {
        await History.Append(Topic, 1, Some(Topic, 3));
        await History.Append(Topic, 4, [Reading(Topic) with { Device = "meter-8", ReceivedAt = Noon.AddHours(1) }]);
        await History.Append("default0/t", 1, [Reading("default0/t")]);
        await History.Append("other/t", 1, [Reading("other/t")]);
        DeviceActivity[] expected = [new("meter-7", 3, Noon), new("meter-8", 1, Noon.AddHours(1))];
        Assert.Equal(expected, (await History.ReadDevices("default")).OrderBy(device => device.Device));
        await Reopen();
        Assert.Equal(expected, (await History.ReadDevices("default")).OrderBy(device => device.Device));
        Assert.Empty(await History.ReadDevices("nobody"));
    }

    [Fact]
    public async Task An_unknown_device_has_nothing()
    {
        var tail = await History.ReadDeviceTail("default/nobody");

        Assert.Equal(0, tail.Readings);
        Assert.Null(tail.LastReceivedAt);
        Assert.Empty(await History.ReadLastOf("default/nobody", [1]));
    }

    [Fact]
    public async Task What_a_device_stored_last_under_a_packet_identifier_is_found_in_all_its_topics()
    {
        const string Other = "default/devices/meter-7/voltage";
        await History.Append(
            Topic, 1,
            [
                Reading(Topic, "used again") with { PacketId = 1 },
                Reading(Topic, "used again elsewhere") with { PacketId = 2 },
                Reading(Topic, "once") with { PacketId = 3 },
                Reading(Topic, "not asked for") with { PacketId = 4 },
                Reading(Topic, "own time", Noon) with { PacketId = 3 },
                Reading(Topic, "of another") with { PacketId = 3, Device = "meter-8" },
                Reading(Topic, "QoS 0") with { PacketId = 0 },
            ]);
        await History.Append(Other, 1, [Reading(Other, "second 2") with { Dup = true, PacketId = 2 }]);
        await History.Append(Topic, 8, [Reading(Topic, "second 1") with { PacketId = 1 }]);

        var found = await History.ReadLastOf("default/meter-7", [3, 2, 1, 2, 9]);

        Assert.Equal(["once", "second 1", "second 2"], found.Select(m => m.Text()).Order());
        var second = Reading(Other, "second 2") with { Dup = true, PacketId = 2, Seq = 1 };
        Assert.Equal(second.Describe(), found.Single(m => m.PacketId == 2).Describe());
        Assert.Equal(8, (await History.ReadDeviceTail("default/meter-7")).Readings);
        await Reopen();
        Assert.Equal(found.Select(m => m.Text()).Order(), (await History.ReadLastOf("default/meter-7", [1, 2, 3])).Select(m => m.Text()).Order());
    }

    [Fact]
    public async Task What_was_stored_under_a_packet_identifier_long_ago_is_not_found()
    {
        await History.Append(Topic, 1, [Reading(Topic, "long ago") with { PacketId = 7 }, Reading(Topic, "just") with { PacketId = 8 }]);
        await History.Append(
            Topic, 3, [.. Enumerable.Range(0, ITelemetryHistory.Remembered - 1).Select(i => Reading(Topic, $"{i}") with { PacketId = 1 })]);

        Assert.Equal("just", Assert.Single(await History.ReadLastOf("default/meter-7", [7, 8])).Text());

        var later = Noon.AddDays(1.1);
        await History.Append(
            Topic, ITelemetryHistory.Remembered + 2, [Reading(Topic, "a day later", later) with { ReceivedAt = later, PacketId = 9 }]);
        Assert.Empty(await History.ReadLastOf("default/meter-7", [8]));
    }

    [Fact]
    public async Task The_last_under_a_packet_identifier_is_the_last_committed_also_when_the_clock_went_back()
    {
        var back = Noon.AddDays(-10);
        await History.Append(Topic, 1, [Reading(Topic, "before the step")]);
        await History.Append(Topic, 2, [Reading(Topic, "after the step") with { At = back, ReceivedAt = back }]);

        Assert.Equal("after the step", Assert.Single(await History.ReadLastOf("default/meter-7", [Reading(Topic).PacketId])).Text());
        Assert.Equal(back, (await History.ReadDeviceTail("default/meter-7")).LastReceivedAt);
    }

    [Fact]
    public async Task An_append_may_be_of_several_devices()
    {
        await History.Append(
            Topic, 1,
            [
                Reading(Topic, "1") with { Device = "a" }, Reading(Topic, "2") with { Device = "b" },
                Reading(Topic, "3") with { Device = "a" },
            ]);

        Assert.Equal(["a", "b", "a"], (await History.ReadAll(Topic)).Select(m => m.Device));
        Assert.Equal(2, (await History.ReadDeviceTail("default/a")).Readings);
        Assert.Equal(1, (await History.ReadDeviceTail("default/b")).Readings);
    }

    [Fact]
    public async Task Another_tenants_topic_and_device_of_the_same_names_are_others()
    {
        const string Foreign = "other/devices/meter-7/power";
        await History.Append(Topic, 1, Some(Topic, 2));
        await History.Append(Foreign, 1, [Reading(Foreign, "theirs")]);

        Assert.Equal("theirs", Assert.Single(await History.ReadAll(Foreign)).Text());
        Assert.Equal(2, (await History.ReadAll(Topic)).Count);
        Assert.Equal(1, (await History.ReadDeviceTail("other/meter-7")).Readings);
    }

    [Theory]
    [InlineData("default/a'b\"c;--")]
    [InlineData("default/ÄÖ/温度/🌡")]
    [InlineData("default/%_*?[a]")]
    [InlineData("default//")]
    [InlineData("default/ ")]
    public async Task Topic_names_are_taken_literally(string topic)
    {
        await History.Append(Topic, 1, Some(Topic, 2));
        await History.Append(topic, 1, [Reading(topic, "here")]);

        Assert.Equal(Reading(topic).Topic, Assert.Single(await History.ReadAll(topic)).Topic);
    }

    [Fact]
    public async Task Topic_names_of_another_case_are_other_topics()
    {
        await History.Append(Topic, 1, Some(Topic, 2));

        Assert.Empty(await History.ReadAll(Topic.ToUpperInvariant().Replace("DEFAULT", "default", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Appends_are_stored_in_the_order_of_the_calls_without_waiting_in_between()
    {
        var appends = Enumerable.Range(1, 500)
            .Select(i => History.Append(Topic, i, [Reading(Topic, $"{i}", Noon.AddSeconds(i))]))
            .ToArray();

        await Task.WhenAll(appends);

        Assert.Equal(Enumerable.Range(1, 500).Select(i => $"{i}"), (await History.ReadAll(Topic)).Select(m => m.Text()));
    }

    [Fact]
    public async Task Many_appenders_beside_one_another_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 32).Select(appender => Task.Run(async () =>
        {
            var topic = $"default/t/{appender}";
            for (var i = 0; i < 20; i++)
            {
                await History.Append(topic, 3 * i + 1, Some(topic, 3));
                Assert.Equal(3 * i + 3, (await History.ReadTopicTail(topic)).LastSeq);
            }
        })));

        for (var appender = 0; appender < 32; appender++)
        {
            var seqs = (await History.ReadAll($"default/t/{appender}")).Select(m => m.Seq).Order();
            Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), seqs);
        }

        Assert.Equal(32 * 60, (await History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task Of_two_writers_that_believe_in_the_same_end_one_wins_and_the_other_is_told()
    {
        var first = History.Append(Topic, 1, [Reading(Topic, "winner")]);
        var second = History.Append(Topic, 1, [Reading(Topic, "loser")]);

        await first;
        await Assert.ThrowsAsync<SequenceConflictException>(() => second);
        Assert.Equal("winner", Assert.Single(await History.ReadAll(Topic)).Text());
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart()
    {
        await History.Append(Topic, 1, Some(Topic, 10));
        var before = (await History.ReadAll(Topic)).Describe().ToList();

        await Reopen();

        Assert.Equal(before, (await History.ReadAll(Topic)).Describe());
        Assert.Equal(10, (await History.ReadTopicTail(Topic)).LastSeq);
        await History.Append(Topic, 11, Some(Topic, 1));
    }

    [Fact]
    public async Task Nothing_and_foreign_messages_are_not_an_append()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => History.Append(Topic, 1, []));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => History.Append(Topic, 1, [Reading("default/other")]));
    }

    [Fact]
    public async Task A_cancelled_read_is_given_up()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => History.Read(Topic, All, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => History.ReadTopicTail(Topic, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => History.ReadDeviceTail("default/x", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => History.ReadAt(Topic, [Noon], cancelled));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Whatever_happens_in_whatever_order_it_answers_as_a_simple_model_does(int seed)
    {
        var random = new Random(seed);
        var model = new HistoryModel();
        for (var step = 0; step < 300; step++)
        {
            switch (random.Next(16))
            {
                case < 5:
                    var (topic, firstSeq, messages) = model.RandomAppend(random);
                    if (model.Append(topic, firstSeq, messages))
                    {
                        await History.Append(topic, firstSeq, messages);
                    }
                    else
                    {
                        await Assert.ThrowsAsync<SequenceConflictException>(() => History.Append(topic, firstSeq, messages));
                    }

                    break;
                case < 8:
                    await SamePage(model, random);
                    break;
                case 8:
                    var times = HistoryModel.RandomTimes(random);
                    var at = HistoryModel.RandomTopic(random);
                    Assert.Equal(
                        model.ReadAt(at, times).Describe().Order(), (await History.ReadAt(at, times)).Describe().Order());
                    break;
                case 9:
                    await SameTopicTail(model, HistoryModel.RandomTopic(random));
                    break;
                case 10:
                    await SameDevice(model, HistoryModel.RandomDevice(random), HistoryModel.RandomPacketIds(random));
                    break;
                case 11 or 12:
                    await SameNumbers(model, HistoryModel.RandomTopic(random), HistoryModel.RandomNumbers(random));
                    break;
                case 13 or 14:
                    await SameTopics(model, HistoryModel.RandomList(random));
                    break;
                default:
                    if (random.Next(8) == 0)
                    {
                        await Reopen();
                    }

                    break;
            }
        }
    }

    private async Task SamePage(HistoryModel model, Random random)
    {
        var topic = HistoryModel.RandomTopic(random);
        var query = model.RandomQuery(random);
        var expected = model.Read(topic, query);
        var actual = await History.Read(topic, query);
        Assert.Equal(expected.Messages.Describe(), actual.Messages.Describe());
        Assert.Equal(expected.Next, actual.Next);
    }

    private async Task SameNumbers(HistoryModel model, string topic, NumberQuery query)
    {
        var numbers = new Numbers();
        await History.ReadNumbers(topic, query, numbers);
        Assert.Equal(model.ReadNumbers(topic, query), numbers.Taken);
    }

    private async Task SameTopics(HistoryModel model, (string Tenant, string Prefix, int Limit, string? After) list)
    {
        var expected = model.ListTopics(list.Tenant, list.Prefix, list.Limit, list.After);
        var actual = await History.ListTopics(list.Tenant, list.Prefix, list.Limit, list.After);
        Assert.Equal(expected.Topics.AsEnumerable(), actual.Topics); // an ImmutableArray is equal to itself only
        Assert.Equal(expected.Next, actual.Next);
    }

    private async Task SameTopicTail(HistoryModel model, string topic)
    {
        var expected = model.ReadTopicTail(topic);
        var actual = await History.ReadTopicTail(topic);
        Assert.Equal(expected.LastSeq, actual.LastSeq);
        Assert.Equal(expected.Latest?.Describe(), actual.Latest?.Describe());
    }

    private async Task SameDevice(HistoryModel model, string device, ushort[] packetIds)
    {
        var expected = model.ReadDeviceTail(device);
        var actual = await History.ReadDeviceTail(device);
        Assert.Equal(expected.Readings, actual.Readings);
        Assert.Equal(expected.LastReceivedAt, actual.LastReceivedAt);
        Assert.Equal(
            model.ReadLastOf(device, packetIds).OrderBy(m => m.PacketId).Describe(),
            (await History.ReadLastOf(device, packetIds)).OrderBy(m => m.PacketId).Describe());
    }
}
